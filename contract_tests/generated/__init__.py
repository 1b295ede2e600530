"""Requests that no person wrote, drawn by Hypothesis and harmless to anybody."""
