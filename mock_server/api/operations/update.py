"""Update a handler."""

from mock_server.api.context import Body, Context
from mock_server.api.operations.create import new_settings
from mock_server.state.store import Item
from mock_server.state.world import values_of


def update_notification_handler(call: Context) -> Body:
    """Change what is sent and keep the rest (page: POST /notification-handlers/{id})."""
    world, form, before = call.world, call.form, call.handler()
    sent, names = call.sent, form.names
    switch = names.get("enabled", "")
    blanked = call.operation.update["unsent"] == "blanked"
    type_name = "" if blanked else sent.get(names["type"], before.type)
    handler = before._replace(
        type=type_name,
        name=sent.get(names["name"], before.name),
        settings=_settings(call, before, type_name),
        enabled=form.fields[switch].is_on(sent[switch]) if switch in sent else before.enabled,
        changed=int(call.now),
    )
    values = values_of(handler, call.contract)
    handler = world.write(handler, values)
    world.store.replace(handler)
    return Body(values, (handler.wire,))


def _settings(call: Context, before: Item, type_name: str) -> dict[str, str]:
    form, words = call.form, call.operation.update
    if words["unsent"] == "blanked":
        return {}
    if type_name == before.type and words["same-type"] == "kept":
        own = {
            key: call.sent[key]
            for key in call.contract.resource.shape(type_name).constants
            if key in call.sent
        }
        return {**before.settings, **own}
    fresh = new_settings(call, type_name, form)
    if words["type-change"] != "merged":
        return fresh
    return {**(before.settings if type_name != before.type else _left_over(call, before)), **fresh}


def _left_over(call: Context, before: Item) -> dict[str, str]:
    """Return what becomes of the settings of an earlier type, where an update resets those of this one."""
    fate = call.operation.update.get("left-over", "dropped")
    own = call.contract.resource.shape(before.type).constants
    left = (
        {} if fate == "dropped" else {key: value for key, value in before.settings.items() if key not in own}
    )
    return left if fate == "kept" else dict.fromkeys(left, "")
