"""The packaged overlays: each gives a valid document that can be served."""
