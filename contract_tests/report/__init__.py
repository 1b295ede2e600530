"""A run's outcome, and its shapes: terminal text, JSON, JUnit XML, HTML, and annotations for GitHub."""
