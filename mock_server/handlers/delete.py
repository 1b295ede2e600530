"""Delete a handler."""

from mock_server.call import Body, Call


def delete_notification_handler(call: Call) -> Body:
    """Delete the handler; its id is never used again (page: DELETE /notification-handlers/{id})."""
    handler = call.handler()
    call.world.store.remove(handler.id)
    return Body({})
