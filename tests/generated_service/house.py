"""What a generated service decides for itself: everything that the API's page leaves open.

Each dimension has a name and a list of options. A house is one option for each. Nothing here contradicts the page:
`name` and `type` are required, every other field is optional, only the listed types are taken, successes have the
documented bodies, and an update changes what is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

House = Mapping[str, str]

CHOICES: Mapping[str, tuple[str, ...]] = {
    # How a refusal looks
    "envelope": ("errors", "detail", "problem", "code", "success-false", "laravel", "text", "html", "empty"),
    "error-type": ("same", "charset", "problem"),
    "error-ids": ("none", "uuid", "hex"),
    "items": ("objects", "locations", "texts"),
    "told": ("first", "all"),
    "echo": ("no", "value"),
    # Which status it has
    "status-wrong-key": ("401", "403"),
    "status-invalid": ("400", "422", "401"),
    "status-media-type": ("415", "400", "422"),
    "status-bad-id": ("404", "400", "422"),
    "status-plan": ("402", "409", "403"),
    # How a success looks
    "create-status": ("201", "200"),
    "delete": ("empty", "no-content", "id", "flag", "empty-typed"),
    "charset": ("none", "utf-8"),
    "escapes": ("plain", "php"),
    "headers": ("none", "nosniff", "powered", "many"),
    "request-id": ("none", "hex", "uuid"),
    "location": ("none", "absolute", "relative"),
    "challenge": ("none", "bearer", "realm"),
    "top-extra": ("none", "constant", "uuid", "time"),
    "meta-extra": ("none", "count", "has-more", "offset", "all"),
    "row-extra": ("none", "constant", "uuid", "by-type", "null"),
    "settings-extra": ("none", "format", "version"),
    "links": ("accepted-first", "accepted-last", "always", "never", "unless-default"),
    "prev-beyond": ("one-less", "last", "null"),
    "empty-list": ("zero-null", "one", "zero-first"),
    "secrets": ("shown", "stars", "last-four", "first-three", "fixed"),
    "id-step": ("one", "three", "ten"),
    "quota-headers": ("none", "limit"),
    # The list
    "order": ("newest", "oldest"),
    "page-zero": ("first", "refuse"),
    "page-word": ("first", "refuse", "cast"),
    "page-beyond": ("empty", "last-page", "not-found"),
    "size-unlisted": ("default", "refuse", "nearest"),
    "unknown-parameter": ("ignore", "refuse"),
    # Keys, paths and methods
    "scheme-case": ("exact", "any"),
    "method": ("405-allow", "405", "404", "501"),
    "head": ("like-get", "refused"),
    "slash": ("same", "redirect-301", "redirect-307", "distinct"),
    "unknown-route": ("html", "json", "text"),
    "bad-id": ("strict", "cast"),
    "stages": (
        "key-body-id-fields-row",
        "key-id-row-body-fields",
        "method-key-id-row-body-fields",
        "body-key-id-row-fields",
    ),
    # Forms
    "urlencoded": ("read", "refuse", "no-fields"),
    "json": ("refuse", "read", "no-fields"),
    "twice": ("last", "first", "refuse"),
    "array": ("unknown", "last", "refuse"),
    "file": ("ignore", "refuse", "text"),
    "unknown-field": ("ignore", "refuse"),
    "foreign-field": ("ignore", "refuse", "refuse-after-row"),
    "not-utf-8": ("replace", "refuse", "latin-1"),
    # Texts
    "empty": ("sent", "unsent"),
    "trim": ("yes", "no"),
    "name-empty": ("refuse", "store"),
    "name-blank": ("refuse", "store"),
    "name-long": ("keep", "cut-100", "refuse-64", "refuse-150", "refuse-255"),
    "value-long": ("keep", "cut-512", "refuse-300", "refuse-500"),
    "control": ("keep", "refuse", "strip"),
    "tags": ("keep", "strip", "escape"),
    "quotes": ("keep", "escape"),
    "email": ("any", "checked", "checked-lower-domain"),
    "url": ("any", "checked", "https-only"),
    "type-case": ("exact", "any"),
    "name-unique": ("no", "yes"),
    # Switch
    "switch-create": ("ignore", "read", "refuse"),
    "switch-words": ("one-zero", "php-cast", "truthy", "spelled"),
    "switch-other": ("refuse", "false", "keep"),
    "switch-empty": ("keep", "false", "refuse"),
    # Updates
    "own-unsent": ("empty", "null", "omitted"),
    "same-type": ("merge", "reset"),
    "type-change": ("rebuild", "merge"),
    "update-bad-type": ("refuse", "ignore"),
    "update-empty-name": ("refuse", "store", "keep"),
    "changed": ("never", "update"),
    "zone": ("0", "3", "-5"),
    # Dimensions that came later, at the end, so that each seed keeps what it drew before
    "update-status": ("200", "201", "202"),
    "masked": ("all", "named-secret"),
    "no-settings": ("object", "array"),
    "sorted": ("time", "name", "type"),
    "prev-of-next": ("no", "yes"),
    "missing-status": ("404", "400", "410-deleted"),
    "settings-keys": ("fields", "url", "short"),
    "list-slash": ("same", "redirect-301", "redirect-302"),
    "switch-unsent": ("on", "off"),
    "create-slash": ("as-rows", "same", "distinct", "redirect-308"),
    "chat-id": ("text", "number"),
    "head-type": ("same", "none"),
    "numbers": ("untold", "told"),
    "counts": ("any-update", "changes"),
    "array-text": ("as-array", "joined", "word"),
    "size-rounding": ("nearest", "higher", "lower", "at-most"),
    "count-as": ("number", "text"),
    "bare-settings": ("empty", "own-name"),
    "url-checked": ("all", "webhook"),
    "changed-by": ("update", "switch"),
    "sorted-again": ("no", "by-change"),
    "error-target": ("none", "path-and-query"),
    "nothing": ("taken", "refuse"),
    "list-head": ("apart", "redirected"),
    "line-breaks": ("control", "kept"),
    "write-extra": ("none", "message"),
    "no-body": ("form", "refuse"),
}


def plain(**choices: str) -> House:
    """Return the house that takes the first option of each dimension, but for these.

    Words are written with underscores: `plain(name_long="cut-100")`.
    """
    wanted = {name.replace("_", "-"): option for name, option in choices.items()}
    for name, option in wanted.items():
        if option not in CHOICES[name]:
            raise ValueError(f"{name} is one of {', '.join(CHOICES[name])}, not {option!r}")
    return {name: wanted.get(name, options[0]) for name, options in CHOICES.items()}


def draw(seed: int) -> House:
    """Return a house drawn at random; the same seed gives the same one."""
    random = Random(seed)
    return {name: random.choice(options) for name, options in CHOICES.items()}
