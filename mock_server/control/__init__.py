"""How the mock is steered, and what it says of itself, under `/_mock/`: by its own document, openapi/control.yaml."""

from mock_server.control.control import Control
from mock_server.control.request import Subject

PREFIX = "/_mock"

__all__ = ["PREFIX", "Control", "Subject"]
