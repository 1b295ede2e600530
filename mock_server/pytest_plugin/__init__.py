"""The parts of the pytest plugin that are imported when a test asks for a mock."""
