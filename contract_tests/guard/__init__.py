"""The guard: a small proxy on loopback, the only door from any suite to a target, and the only holder of the key.

It lets through what cannot harm a row that the run did not create, notes in a write-ahead ledger what the run creates,
shows no rows of others, keeps to the budget, and cleans up.
"""
