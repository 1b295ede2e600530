"""What holds for the service as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mock_server.document import DocumentError, Object, place_of
from mock_server.php import Limits

# What each check needs to have been done before it.
_NEEDS = {
    "key": ("bearer",),
    "quota": ("key",),
    "existence": ("key", "method"),
    "form": ("key", "method"),
    "plan": ("form",),
}


@dataclass(frozen=True, slots=True)
class Service:
    """What holds for the service as a whole: `x-service` and the security scheme, word for word."""

    checks: tuple[str, ...]
    quota: Mapping[str, int] | None
    plan_limit: int | None
    other_methods: str
    unknown_route: str
    cors: bool
    time_offset: int  # seconds east of UTC
    unknown_fields: str
    foreign_fields: str
    array_fields: str
    invalid_utf_8: str
    body_bytes: int
    limits: Limits  # of a form
    key_prefix: str
    key_example: str
    any_case: bool


def compile_service(document: Object) -> Service:
    """Compile `x-service`. Raises DocumentError where it contradicts itself or the document."""
    words, scheme = document["x-service"], _scheme(document)
    _check_order(words)
    return Service(
        checks=tuple(words["checks"]),
        quota=words["quota"],
        plan_limit=words["plan-limit"],
        other_methods=words["other-methods"],
        unknown_route=words["unknown-route"],
        cors=words["cors"] == "open",
        time_offset=_seconds(words["time-offset"]),
        unknown_fields=words["unknown-fields"],
        foreign_fields=words["foreign-fields"],
        array_fields=words["array-fields"],
        invalid_utf_8=words["invalid-utf-8"],
        body_bytes=words["limits"]["body-bytes"],
        limits=Limits(fields=words["limits"]["fields"]),
        key_prefix=scheme["x-mock-keys"]["prefix"],
        key_example=scheme["x-mock-keys"]["example"],
        any_case=scheme.get("x-scheme-case", "exact") == "any",
    )


def _check_order(words: Object) -> None:
    for position, check in enumerate(words["checks"]):
        for need in _NEEDS.get(check, ()):
            if need not in words["checks"][:position]:
                raise DocumentError(f"checks: {check} needs {need} before it.", place_of(words, "checks"))


def _scheme(document: Object) -> Object:
    schemes: Object = document["components"]["securitySchemes"]
    for scheme in schemes.values():
        if "x-mock-keys" in scheme:
            found: Object = scheme
            return found
    what = "no security scheme has x-mock-keys, so no key would be good."
    raise DocumentError(what, place_of(document["components"], "securitySchemes"))


def _seconds(offset: str) -> int:
    """Return the seconds of an offset such as `+03:00`."""
    return int(f"{offset[0]}1") * (int(offset[1:3]) * 3600 + int(offset[4:]) * 60)
