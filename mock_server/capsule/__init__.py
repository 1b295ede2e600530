"""A failed test in one file: the worlds at its beginning, and what happened in them."""

from mock_server.capsule.capsule import Capsule, NoCapsule
from mock_server.capsule.case import write_test
from mock_server.capsule.curl import write_curl
from mock_server.capsule.har import write_har
from mock_server.capsule.replay import Outcome, play

__all__ = ["Capsule", "NoCapsule", "Outcome", "play", "write_curl", "write_har", "write_test"]
