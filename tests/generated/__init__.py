"""The kit's suites of generated requests, against services that are right and services that are not."""
