"""What the fixtures of `pytest_bitpeak` use once a test asks for a mock."""
