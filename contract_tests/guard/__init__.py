"""The guard: a small proxy on loopback. Every request of a suite goes through it, and it alone holds the key.

It stops what could harm a row that the run did not create, writes each create to a ledger before it is sent, hides the
rows of others, keeps to the budget of requests, and cleans up.
"""
