"""How the mock is steered, and what it says of itself, under `/_mock/`: by its own document, openapi/control.yaml."""

from mock_server.control.control import ControlPipeline

__all__ = ["ControlPipeline"]
