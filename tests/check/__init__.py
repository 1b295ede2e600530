"""The kit's runner and its reports."""
