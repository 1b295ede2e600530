"""Tests of the suites themselves: services that are wrong on purpose, which the kit must notice.

`make mutants` runs the kit against each mutant, a sabotaging proxy before a mock, and prints which suites noticed. It
starts the mock as a process and imports nothing of it. The mutants of the mock itself are in `tests/mock_mutants`.
"""
