"""A service whose behaviour and presentation are drawn at random, always true to the API's page."""

from tests.generated_service.house import CHOICES, House, draw, plain
from tests.generated_service.service import GeneratedService

__all__ = ["CHOICES", "GeneratedService", "House", "draw", "plain"]
