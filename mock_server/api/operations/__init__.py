"""What each operation does to a world. `operationId` is the function's name."""

from collections.abc import Callable, Mapping

from mock_server.api.context import Body, Context
from mock_server.api.operations.create import create_notification_handler
from mock_server.api.operations.delete import delete_notification_handler
from mock_server.api.operations.list import list_notification_handlers
from mock_server.api.operations.retrieve import retrieve_notification_handler
from mock_server.api.operations.update import update_notification_handler

FUNCTIONS: Mapping[str, Callable[[Context], Body]] = {
    function.__name__: function
    for function in (
        list_notification_handlers,
        retrieve_notification_handler,
        create_notification_handler,
        update_notification_handler,
        delete_notification_handler,
    )
}
