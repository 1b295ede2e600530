"""The words of the control and of the base document, for type checkers and editors.

Written by `make vocabulary` from openapi/: change the documents, not this file. A word of the control, such as the name
of a wire fault, is a `Literal`, so that a type checker finds `wire="resett"`. A word of the API's document, such as the
name of a refusal, is `Literal[…] | str`: editors complete it, and a mock that serves another document has other names.
The mock itself refuses a name that its document does not have.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal, NotRequired, TypedDict

Duration = str | float | timedelta

Wire = Literal["drop", "reset", "empty", "truncate", "slow"]

OutageStatus = Literal[500, 502, 503]

StatusClass = Literal["1xx", "2xx", "3xx", "4xx", "5xx"]

OperationName = Literal[
    "list_notification_handlers",
    "list_notification_handlers_without_slash",
    "create_notification_handler",
    "retrieve_notification_handler",
    "update_notification_handler",
    "delete_notification_handler",
]

RefusalName = Literal[
    "missing_bearer", "no_access", "rate_limited", "required_fields", "plan_limit", "too_large", "not_found"
]


class MutationRecord(TypedDict):
    """Mutation as the control shows it."""

    pointer: str
    change: Literal["missing", "null", "value", "renamed", "extra"]
    value: NotRequired[Any]


class FaultRecord(TypedDict):
    """Fault as the control shows it."""

    id: int
    calls: int
    hits: int
    operation: OperationName | str | None
    refusal: RefusalName | str | None
    status: int | None
    wire: Literal["drop", "reset", "empty", "truncate", "slow"] | None
    latency: str | None
    virtual: bool | None
    mutation: MutationRecord | None
    headers: dict[str, str] | None
    body: Any
    scenario: str | None
    state: str
    next: str | None
    times: int | None
    after: int
    probability: float
    seed: int
    remark: str | None


class ClockRecord(TypedDict):
    """Clock as the control shows it."""

    now: str
    frozen: bool


class QuotaRecord(TypedDict):
    """Quota as the control shows it."""

    enforced: bool
    requests: int
    seconds: float
    used: int
    remaining: int
    reset: float


class RulesRecord(TypedDict):
    """Rules as the control shows it."""

    strict: bool
    latency: str


class StateRecord(TypedDict):
    """State as the control shows it."""

    handlers: NotRequired[list[dict[str, Any]]]
    next_id: int | dict[str, int]
    clock: ClockRecord
    quota: QuotaRecord | None
    faults: list[FaultRecord]
    scenarios: dict[str, str]
    answers: dict[str, str]
    rules: RulesRecord


class CoverageRecord(TypedDict):
    """Coverage as the control shows it."""

    behaviours: list[dict[str, Any]]
    seen: int
    total: int
    percent: float


class PartRecord(TypedDict):
    """Part as the control shows it."""

    name: str | None
    key: str | None
    kind: Literal["text", "file", "array", "ignored"]
    file_name: str | None
    content_type: str | None
    bytes: int
    sha256: str
    preview: str
    text: NotRequired[str | None]
    valid_utf8: bool


class MessageRecord(TypedDict):
    """Message as the control shows it."""

    headers: dict[str, str]
    bytes: int
    body: str | None
    base64: NotRequired[str | None]
    parts: NotRequired[list[PartRecord]]


class CallRecord(TypedDict):
    """Call as the control shows it."""

    number: int
    time: str
    milliseconds: float
    key: str
    method: str
    target: str
    path: str
    status: int
    operation: OperationName | str | None
    refusal: RefusalName | str | None
    fault: int | None
    wire: Literal["drop", "reset", "empty", "truncate", "slow"] | None
    beyond: list[Literal["status", "headers", "body"]]
    hint: str | None
    violations: list[dict[str, Any]]
    defect: str | None
    request: MessageRecord
    answer: MessageRecord
    rehearsed: NotRequired[dict[str, Any]]


class FaultWords(TypedDict, total=False):
    """A fault, by `FaultOrder` of the control. `refusal` is an argument of its own."""

    operation: OperationName | str | None
    status: OutageStatus | int | None
    wire: Wire | None
    latency: Duration | tuple[float, float] | None
    virtual: bool | None
    mutation: MutationRecord | None
    headers: dict[str, str] | None
    body: Any
    scenario: str | None
    state: str
    next: str | None
    times: int | None
    after: int
    probability: float
    seed: int


class QuotaWords(TypedDict, total=False):
    """A quota, by `QuotaChange` of the control."""

    enforced: bool
    requests: int
    seconds: float
    used: int


class CallFilter(TypedDict, total=False):
    """What a journal can be narrowed by."""

    method: str
    path: str
    status: int | StatusClass
    operation: OperationName | str
    refusal: RefusalName | str
    violation: Literal["any"] | str
    defect: bool
    partial: bool


class QuestionAnswers(TypedDict, total=False):
    """The open questions of the base document, with `_` for `-`."""

    create_status: Literal["created", "ok"] | str
    delete_status: Literal["empty-ok", "no-content"] | str
    write_answer: Literal["id", "whole-object"] | str
    required_field_missing: Literal["unauthorized", "bad-request", "unprocessable"] | str
    blank_name: Literal["refused", "accepted"] | str
    type_not_allowed: Literal["unauthorized", "bad-request", "unprocessable"] | str
    plan_limit: Literal["unlimited", "ten"] | str
    own_field_unsent: Literal["empty", "omitted", "refused"] | str
    malformed_contact: Literal["accepted", "refused"] | str
    text_too_long: Literal["cut", "kept", "refused"] | str
    text_cleaning: Literal["cleaned", "kept"] | str
    unknown_field: Literal["ignored", "refused"] | str
    field_of_another_type: Literal["ignored", "refused"] | str
    array_field: Literal["missing", "last-item"] | str
    invalid_utf_8: Literal["replaced", "refused"] | str
    is_enabled_on_create: Literal["ignored", "honoured", "disabled", "off-unless-sent"] | str
    is_enabled_text: Literal["integer-cast", "php-truthiness", "any-spelling"] | str
    urlencoded_body: Literal["read", "not-read"] | str
    json_body: Literal["not-read", "read"] | str
    update_keeps: Literal["kept", "blanked"] | str
    update_same_type: Literal["kept", "reset"] | str
    update_type_change: Literal["rebuilt", "merged"] | str
    update_type_not_allowed: Literal["ignored", "refused"] | str
    update_empty_name: Literal["stored", "ignored", "refused"] | str
    list_order: Literal["newest-first", "oldest-first"] | str
    page_not_valid: Literal["first-page", "refused"] | str
    page_beyond_last: Literal["empty", "last-page"] | str
    page_size_not_allowed: Literal["default", "refused"] | str
    empty_list: Literal["no-pages", "one-page"] | str
    links_repeat_parameters: Literal["accepted", "none"] | str
    links_opening: Literal["question-mark", "question-mark-ampersand"] | str
    meta_page: Literal["integer", "raw-text"] | str
    meta_total: Literal["total", "total-results"] | str
    user_id: Literal["absent", "present"] | str
    is_enabled_in_replies: Literal["boolean", "integer"] | str
    settings_of_internal_notification: Literal["empty-text", "empty-object", "empty-array"] | str
    secrets_in_replies: Literal["shown", "masked"] | str
    last_datetime: Literal["last-update", "last-notification"] | str
    time_zone: Literal["utc", "moscow"] | str
    bearer_case: Literal["exact", "any"] | str
    wrong_key_status: Literal["unauthorized", "forbidden"] | str
    error_titles: Literal["english", "site-language"] | str
    id_not_a_number: Literal["cast", "strict"] | str
    other_methods: Literal["not-found", "not-allowed"] | str
    unknown_route: Literal["site-page", "envelope"] | str
    rate_limit: Literal["sixty-a-minute", "other-number", "none"] | str
    retry_after: Literal["absent", "present"] | str
    checks_order: Literal["key-first", "method-first", "rate-after-existence"] | str
    trailing_slash: Literal["same", "redirect", "distinct"] | str
    response_charset: Literal["none", "utf-8"] | str
    json_escapes: Literal["php", "plain"] | str
    cors: Literal["closed", "open"] | str
    error_status: Literal["text-for-missing-bearer", "number", "text"] | str
