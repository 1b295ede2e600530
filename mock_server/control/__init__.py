"""The control API under `/_mock/`, by its own document, openapi/control.yaml."""

from mock_server.control.control import ControlPipeline, is_known_host

__all__ = ["ControlPipeline", "is_known_host"]
