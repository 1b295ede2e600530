"""The server, as clients see it: most of them raw sockets, because libraries are too polite."""
