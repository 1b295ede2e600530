"""The nine types of handlers and their fields, as the documentation page lists them."""

from collections.abc import Mapping

FIELDS: Mapping[str, tuple[str, ...]] = {
    "email": ("email",),
    "webhook": ("webhook",),
    "slack": ("slack",),
    "discord": ("discord",),
    "telegram": ("telegram", "telegram_chat_id"),
    "microsoft_teams": ("microsoft_teams",),
    "x": ("x_consumer_key", "x_consumer_secret", "x_access_token", "x_access_token_secret"),
    "google_chat": ("google_chat",),
    "internal_notification": (),
}
EVERY_FIELD = tuple(field for fields in FIELDS.values() for field in fields)
ADDRESSES = ("webhook", "slack", "discord", "microsoft_teams", "google_chat")

# The id of a chat and an e-mail address are not secrets, as they give no access.
SECRETS = (*ADDRESSES, "telegram", *FIELDS["x"])
