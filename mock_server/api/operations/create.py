"""Create a handler."""

from mock_server.api.context import Body, Context
from mock_server.contract import Form
from mock_server.state.store import make_item
from mock_server.state.world import values_of


def create_notification_handler(call: Context) -> Body:
    """Make a handler with the next id (page: POST /notification-handlers)."""
    world, form, sent = call.world, call.form, call.sent
    names = form.names
    type_name, switch = sent[names["type"]], names.get("enabled", "")
    enabled = form.fields[switch].is_on(sent[switch]) if switch in sent else True
    settings = new_settings(call, type_name, form)
    facts = world.next_id, type_name, sent[names["name"]], settings, enabled, None, int(call.now), b""
    handler = make_item(facts)
    values = values_of(handler, call.contract)
    handler = world.write(handler, values)
    call.situation = type_name
    world.next_id += 1
    world.store.add(handler)
    return Body(values, (handler.wire,))


def new_settings(call: Context, type_name: str, form: Form) -> dict[str, str]:
    """Return a type's settings, filled from the form; what is not sent is empty, or left out where so answered."""
    settings: dict[str, str] = {}
    for key, constant in call.contract.resource.shape(type_name).constants.items():
        if constant is not None or key in call.sent:
            settings[key] = call.sent.get(key, constant or "")
        elif form.own_field_unsent != "omitted":
            settings[key] = ""
    return settings
