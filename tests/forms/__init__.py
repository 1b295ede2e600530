"""Tests of how request bodies and texts are read."""
