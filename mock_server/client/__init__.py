"""The control API in Python: seed a world, arm faults, move its clock, wait for its requests.

`openapi/control.yaml` describes all of it. `RunningMock.info` lists the operations, refusals and questions of the mock.
If the mock refuses a control request, `ControlError` has its message.
"""

from mock_server.client.control import (
    AppChannel,
    ClientResponse,
    ControlError,
    Evicted,
    HTTPChannel,
    Interrupted,
    NotInTime,
    TooMany,
    Unreachable,
    Violated,
    WentWrong,
)
from mock_server.client.journal import Call, Calls
from mock_server.client.vocabulary import (
    Duration,
    OperationName,
    OutageStatus,
    RefusalName,
    StatusClass,
    Wire,
)
from mock_server.client.world import Api, RunningMock, bitpeak_mock

__all__ = [
    "Api",
    "AppChannel",
    "Call",
    "Calls",
    "ClientResponse",
    "ControlError",
    "Duration",
    "Evicted",
    "HTTPChannel",
    "Interrupted",
    "NotInTime",
    "OperationName",
    "OutageStatus",
    "RefusalName",
    "RunningMock",
    "StatusClass",
    "TooMany",
    "Unreachable",
    "Violated",
    "WentWrong",
    "Wire",
    "bitpeak_mock",
]
