"""What each operation does to a world, by its behaviour: `x-behaviour` in the document."""

from collections.abc import Callable, Mapping

from mock_server.api.context import Body, Context
from mock_server.api.operations.create import create_notification_handler
from mock_server.api.operations.delete import delete_notification_handler
from mock_server.api.operations.list import list_notification_handlers
from mock_server.api.operations.retrieve import retrieve_notification_handler
from mock_server.api.operations.update import update_notification_handler
from mock_server.contract import Behaviour

FUNCTIONS: Mapping[Behaviour, Callable[[Context], Body]] = {
    "list": list_notification_handlers,
    "retrieve": retrieve_notification_handler,
    "create": create_notification_handler,
    "update": update_notification_handler,
    "delete": delete_notification_handler,
}
