"""One script a client: each sends the one request that its command line asks for."""
