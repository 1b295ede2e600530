"""Tests of the saboteur and of its matrix."""
