"""The twin run: the same sequences of calls into two services in lock step, compared after every step."""
