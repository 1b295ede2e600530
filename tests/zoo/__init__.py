"""The wire zoo: byte-exact requests of real clients, and what the mock and PHP make of them."""
