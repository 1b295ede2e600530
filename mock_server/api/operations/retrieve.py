"""Retrieve one handler."""

from mock_server.api.context import Body, Context


def retrieve_notification_handler(call: Context) -> Body:
    """Show the handler (page: GET /notification-handlers/{id})."""
    return Body({}, (call.handler().wire,))
