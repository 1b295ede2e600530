"""What a person can choose for a run: flags, suites and profiles.

This module imports nothing else of the kit, so that `--help` appears at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

PREFIX = "BITPEAK_CHECK_"
# The suites in the order in which they run, with about how many requests each sends by profile: in a run that writes,
# and in one that only reads. They were counted on a service without faults; those of `deep` are
# estimates. `questions` are asked whatever suites are chosen.
PRICES: Mapping[str, Mapping[str, tuple[int, int]]] = {
    "questions": {"quick": (90, 10), "standard": (90, 10), "deep": (90, 10)},
    "page": {"quick": (10, 5), "standard": (100, 5), "deep": (100, 5)},
    "lifecycle": {"quick": (100, 0), "standard": (160, 0), "deep": (330, 0)},
    "paging": {"quick": (140, 10), "standard": (250, 10), "deep": (600, 30)},
    "refusals": {"quick": (50, 20), "standard": (90, 40), "deep": (90, 40)},
    "clients": {"quick": (10, 0), "standard": (240, 0), "deep": (390, 0)},
    "model": {"quick": (140, 0), "standard": (1450, 0), "deep": (19_400, 0)},
    "schema": {"quick": (60, 20), "standard": (890, 125), "deep": (7500, 635)},
    "links": {"quick": (40, 0), "standard": (240, 0), "deep": (1600, 0)},
}
SUITES = tuple(PRICES)
# Suites that generate requests, and that --max-requests therefore makes smaller.
GENERATED = ("model", "schema", "links")

# Below the 60 a minute that the service is believed to allow.
LIVE_RATE = 50
LEDGERS = ".bitpeak-ledger"
# How much `twin` generates. On a live service, a sequence takes a quarter of a minute.
SEQUENCES, SPARING_SEQUENCES = 100, 12


@dataclass(frozen=True, slots=True)
class Profile:
    """How much a run does: `examples` of each generated test, `steps` of each state machine, `machines` of them.

    `spares` means that requests are saved: nothing is asked twice, and suites do not repeat what probes have shown.
    """

    name: str
    examples: int
    machines: int
    steps: int
    spares: bool = False


PROFILES = {
    "quick": Profile("quick", examples=8, machines=6, steps=12),
    "standard": Profile("standard", examples=40, machines=25, steps=30),
    "deep": Profile("deep", examples=400, machines=200, steps=60),
}
# `quick` on a live service, which may allow no more than a request a second.
SPARING = Profile("quick", examples=3, machines=0, steps=0, spares=True)


@dataclass(frozen=True, slots=True)
class Flag:
    """One option. A `list` may be repeated; commas separate its values in the variable."""

    name: str
    help: str
    kind: Literal["text", "list", "switch", "number"] = "text"
    metavar: str = ""
    choices: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The name as a Python identifier."""
        return self.name.replace("-", "_")

    @property
    def variable(self) -> str:
        """The environment variable."""
        return PREFIX + self.key.upper()


FLAGS = (
    Flag("base-url", "The API's base URL, such as https://bitpeak.ru/api.", metavar="URL"),
    Flag("api-key-file", "A file with the API key, for workers one a line. Default: BITPEAK_API_KEY.", metavar="FILE"),
    Flag("other-key-file", "A file with the key of a second account.", metavar="FILE"),
    Flag("allow-writes", "Create and delete handlers even if the target is not this computer.", "switch"),
    Flag("read-only", "Only read, even on this computer.", "switch"),
    Flag("allow-plain-http", "Allow sending the key over http to a target that is not this computer.", "switch"),
    Flag("document", "Use this OpenAPI document in place of the packaged one.", metavar="FILE"),
    Flag("overlay", "Apply an OpenAPI Overlay to the document. What it says binds. Repeatable.", "list", "FILE|NAME"),
    Flag("answer", "Answer an open question in advance. Repeatable.", "list", "QUESTION=ANSWER"),
    Flag("hold-to", "What a service must obey: page, what the documentation says; document, also our assumptions.",
         choices=("page", "document")),
    Flag("profile", "How much to test. Default: quick.", choices=tuple(PROFILES)),
    Flag("suite", "Run only this suite. Repeatable.", "list", choices=SUITES),
    Flag("max-requests", "Send at most N requests, besides those of the clean-up.", "number", "N"),
    Flag("rate", "Send at most N requests a minute. Default: 50, and no limit on this computer.", "number", "N"),
    Flag("ledger-dir", "Keep the ledger of created handlers in this folder. Default: .bitpeak-ledger.", metavar="DIR"),
    Flag("seed", "Repeat the generated tests of a run that printed this seed.", "number", "N"),
    Flag("examples", "Keep failing examples in this folder, and try them first. Runs may share it.", metavar="DIR"),
    Flag("junit", "Write JUnit XML to this file.", metavar="FILE"),
    Flag("json", "Write the report as JSON to this file.", metavar="FILE"),
    Flag("html", "Write the report as one HTML page to this file.", metavar="FILE"),
    Flag("record", "Record every exchange in this file, without keys and other people's data.", metavar="FILE"),
    Flag("baseline", "Read accepted findings from this file, each with a reason and a last day.", metavar="FILE"),
    Flag("update-baseline", "Write this run's findings to the file of --baseline.", "switch"),
    Flag("format", "The form of the report on stdout: text, json, or github for GitHub Actions.",
         choices=("text", "json", "github")),
    Flag("no-color", "Print without colours, as NO_COLOR does.", "switch"),
    Flag("treat-as-live", "Treat a target on this computer, such as a tunnel, as a live service: "
         "only read unless --allow-writes, at the default rate.", "switch"),
)  # fmt: skip
WORKERS = Flag("workers", "Spread the run over N processes, each with its own API key.", "number", "N")
