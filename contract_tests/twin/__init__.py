"""The twin run: sends the same calls to two services in lock step, and compares each pair of responses."""
