"""Retrieve one handler."""

from mock_server.call import Body, Call


def retrieve_notification_handler(call: Call) -> Body:
    """Show the handler (page: GET /notification-handlers/{id})."""
    return Body({}, (call.handler().wire,))
