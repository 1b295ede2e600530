"""Delete a handler."""

from mock_server.api.context import Body, Context


def delete_notification_handler(call: Context) -> Body:
    """Delete the handler; its id is never used again (page: DELETE /notification-handlers/{id})."""
    handler = call.handler()
    call.world.store.remove(handler.id)
    return Body({})
