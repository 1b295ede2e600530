"""What the pages of the sibling sites say (evidence ledger, section 4), written down apart from the overlays."""

from typing import NamedTuple

OLD = ("email", "webhook", "slack", "discord", "telegram", "microsoft_teams")
FILTERS = ("search", "search_by", "is_enabled", "type", "order_by", "order_type")
DATES = ("datetime_field", "datetime_start", "datetime_end")
FIELDS = {
    "telegram": ("telegram", "telegram_chat_id"),
    "x": ("x_consumer_key", "x_consumer_secret", "x_access_token", "x_access_token_secret"),
    "internal_notification": (),
}


class Site(NamedTuple):
    host: str
    date: str
    types: tuple[str, ...]
    opening: str = "?"
    filters: tuple[str, ...] = ()


_LAUDITS = (
    "twilio", "twilio_call", "whatsapp", "x", "google_chat", "internal_notification", "push_subscriber_id",
)  # fmt: skip

SITES = {
    "zipa-la": Site("zipa.la", "2025-12", (*OLD, "whatsapp", "x", "google_chat", "internal_notification")),
    "4tin-ng": Site("4tin.ng", "2025-10", OLD),
    "mnurl-com": Site(
        "mnurl.com", "2025-11", (*OLD, "twilio", "twilio_call", "whatsapp", "x", "google_chat"), "?&"
    ),
    "biolinks-pl": Site(
        "biolinks.pl", "2026-02", (*OLD, "whatsapp", "x", "google_chat", "push_subscriber_id")
    ),
    "laudits-com-2026-03": Site("laudits.com", "2026-03", (*OLD, *_LAUDITS), filters=FILTERS),
    "laudits-com-2026-04": Site("laudits.com", "2026-04", (*OLD, *_LAUDITS), filters=(*FILTERS, *DATES)),
    "widget-by": Site("widget.by", "2025-04", ("email", "webhook", "slack", "telegram"), "?&"),
}
EVERY_TYPE = sorted({type_name for site in SITES.values() for type_name in site.types})


def fields_of(type_name: str) -> tuple[str, ...]:
    """Return the form fields of a type: one of its own name, unless the page says otherwise."""
    return FIELDS.get(type_name, (type_name,))
