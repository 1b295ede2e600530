"""The web page at `/_mock/`: what a world holds and what happened in it, to look at and to steer."""

from mock_server.page.site import answer

__all__ = ["answer"]
