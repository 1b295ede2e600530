"""The server as clients see it. Most clients here are raw sockets, because libraries send only good requests."""
