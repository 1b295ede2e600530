"""The control API as Python: seed a world, arm faults, move its clock, wait for its requests.

What can be seeded, armed and asked is said by openapi/control.yaml; names of operations, refusals and questions come
from the mock itself (`Mock.info`). What the mock refuses is raised as `ControlError` with its own sentence.
"""

from mock_server.client.channel import AppChannel, Channel, HTTPChannel, Said
from mock_server.client.errors import ControlError, Evicted, NotInTime, Unreachable, Violated, WentWrong
from mock_server.client.exchange import Exchange, Message
from mock_server.client.journal import Journal
from mock_server.client.mock import Mock
from mock_server.client.opening import bitpeak_mock
from mock_server.client.world import Api, Change, Watcher

__all__ = [
    "Api",
    "AppChannel",
    "Change",
    "Channel",
    "ControlError",
    "Evicted",
    "Exchange",
    "HTTPChannel",
    "Journal",
    "Message",
    "Mock",
    "NotInTime",
    "Said",
    "Unreachable",
    "Violated",
    "Watcher",
    "WentWrong",
    "bitpeak_mock",
]
