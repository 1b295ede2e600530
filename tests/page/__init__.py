"""The web page: its files, its modules in Node, and the page in a real browser."""
