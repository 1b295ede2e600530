"""An offline mock of BitPeak's notification-handlers API, driven by its OpenAPI document."""

__version__ = "0.1.0"
