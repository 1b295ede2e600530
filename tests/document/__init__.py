"""Tests of the document: its reading, its overlays, its questions, its writing."""
