"""Rules for all code and prose of the project, as tests."""
