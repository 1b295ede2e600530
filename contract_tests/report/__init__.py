"""What a run found out, and its shapes: text for a terminal, JSON, JUnit XML, GitHub's, one HTML page."""
