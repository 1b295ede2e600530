"""The packaged overlays: each gives a sound document and is served by itself."""
