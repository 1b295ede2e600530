"""Changes of the document, each written twice: as an overlay and as edits of the file's text."""

from typing import NamedTuple

HEAD = "overlay: 1.1.0\ninfo: {title: A variation, version: '1'}\nactions:\n"

Edit = tuple[str, str]


class Variation(NamedTuple):
    """A change of the document. `edits`: a text that the file has once, and the text to put in its place."""

    overlay: str
    edits: tuple[Edit, ...]


_PAGER_FIELDS = """\
        pager_number:
          $ref: '#/components/schemas/Value'
          description: Its number.
          x-available-when: {type: [pager]}
        pager_service:
          $ref: '#/components/schemas/Value'
          description: Its service.
          x-cut: 5
          x-available-when: {type: [pager]}
"""
_PAGER_SETTINGS = """\
    PagerSettings:
      type: object
      required: [pager_number, pager_service]
      additionalProperties: false
      properties: {pager_number: {type: string}, pager_service: {type: string}}
"""
_PAGER_BRANCH = """\
        - if: {properties: {type: {const: pager}}}
          then: {properties: {settings: {$ref: '#/components/schemas/PagerSettings'}}}
"""

NEW_TYPE = Variation(
    HEAD
    + """\
  - {target: $.components.schemas.HandlerType.enum, update: [pager]}
  - target: $.components.schemas['CreateForm', 'UpdateForm'].properties
    update:
"""
    + _PAGER_FIELDS.replace("        ", "      ", 1).replace("\n  ", "\n")
    + "  - target: $.components.schemas.NotificationHandler.allOf\n    update:\n"
    + _PAGER_BRANCH
    + "  - target: $.components.schemas\n    update:\n"
    + "".join(f"  {line}\n" for line in _PAGER_SETTINGS.splitlines()),
    (
        ("google_chat, internal_notification]\n", "google_chat, internal_notification, pager]\n"),
        ("      properties:\n        name: {$ref: '#/components/schemas/Name', minLength: 1,",
         "      properties:\n" + _PAGER_FIELDS + "        name: {$ref: '#/components/schemas/Name', minLength: 1,"),
        ("      properties:\n        name: {$ref: '#/components/schemas/Name', x-value: name}\n",
         "      properties:\n" + _PAGER_FIELDS + "        name: {$ref: '#/components/schemas/Name', x-value: name}\n"),
        ("    EmailSettings:\n", _PAGER_BRANCH + "\n" + _PAGER_SETTINGS + "    EmailSettings:\n"),
    ),
)  # fmt: skip

PAGE_SIZES = Variation(
    HEAD
    + """\
  - {target: $.components.parameters.results_per_page.schema.enum, remove: true}
  - {target: $.components.parameters.results_per_page.schema, update: {enum: [5, 7], default: 5}}
""",
    (("{type: integer, enum: [10, 25, 50, 100, 250, 500, 1000], default: 25}",
      "{type: integer, enum: [5, 7], default: 5}"),),
)  # fmt: skip

TITLES = Variation(
    HEAD
    + """\
  - {target: '$.components.examples.not_found.value.errors[0]', update: {title: Nichts da.}}
  - {target: '$.components.examples.required_fields.value.errors[0]', update: {title: Es fehlt etwas.}}
""",
    (
        (
            "{title: The resource you are looking for does not exist., status: 404}",
            "{title: Nichts da., status: 404}",
        ),
        (
            "{title: You must fill all the required fields., status: 401}",
            "{title: Es fehlt etwas., status: 401}",
        ),
    ),
)

BASE_PATH = Variation(
    HEAD + "  - {target: '$.servers[0]', update: {url: https://example.com/v2/public}}\n",
    (("- url: https://bitpeak.ru/api\n", "- url: https://example.com/v2/public\n"),),
)

CREATE_OK = Variation(
    HEAD
    + """\
  - {target: "$.paths['/notification-handlers'].post.responses['201']", remove: true}
  - target: $.paths['/notification-handlers'].post.responses
    update: {'200': {$ref: '#/components/responses/Created'}}
""",
    (("'201': {$ref: '#/components/responses/Created'}", "'200': {$ref: '#/components/responses/Created'}"),),
)

NEW_PROPERTY = Variation(
    HEAD
    + """\
  - target: $.components.schemas.NotificationHandler
    update:
      required: [priority]
      properties: {priority: {type: integer, default: 3}, made: {type: string, x-value: created}}
""",
    (
        ("is_enabled, last_datetime, datetime]\n      properties:\n",
         "is_enabled, last_datetime, datetime, priority]\n      properties:\n"
         "        priority: {type: integer, default: 3}\n"
         "        made: {type: string, x-value: created}\n"),
    ),
)  # fmt: skip
