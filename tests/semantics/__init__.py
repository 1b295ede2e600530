"""What the mock does, stated against its contract and tested through the app."""
