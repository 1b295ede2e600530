"""What the mock costs, measured on this machine: `python -m bench`."""
