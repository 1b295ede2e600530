"""The fidelity loop on a service that shares no code with the mock: learn it, compare with it, find its bugs."""
