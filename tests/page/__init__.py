"""The web page: its files, its modules in Node, and itself in a real browser."""
