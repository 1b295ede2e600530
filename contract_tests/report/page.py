"""The report as one HTML page, written for the owner of the service, who knows nothing of this project."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from urllib.parse import urlsplit

from contract_tests.report.differences import differences
from contract_tests.report.markup import Markup, described, joined, prose, table, tag
from contract_tests.report.outcome import OperationSeen, Outcome, QuestionSeen, Verdict

_CLASSES = {Verdict.FINE: "good", Verdict.FINDINGS: "bad", Verdict.NOTHING: "open", Verdict.CUT_SHORT: "open"}


def as_html(outcome: Outcome) -> str:
    """Return one page that needs nothing else: no script, no picture, no address that is fetched."""
    style = files("contract_tests.report").joinpath("style.css").read_text(encoding="utf-8")
    title = f"Contract test of {_host(outcome)}"
    head = (
        '<meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/>'
        f"{tag('title', title)}<style>\n{style}</style>"
    )
    sections = [
        _opening(outcome),
        differences(outcome),
        _questions(outcome),
        _operations(outcome),
        _rest(outcome),
    ]
    body = tag("main", *sections, _footer(outcome))
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>{body}</body></html>\n'


def _host(outcome: Outcome) -> str:
    return urlsplit(outcome.target).netloc


def _opening(outcome: Outcome) -> Markup:
    mode = "Reading only" if outcome.read_only else "Reading and writing"
    return joined([
        tag("p", "Contract test report", kind="kicker"),
        tag("h1", f"Does {_host(outcome)} do what its documentation says?"),
        tag("div", tag("strong", _headline(outcome)), _explained(outcome), kind=f"verdict {_CLASSES[outcome.verdict]}"),
        described(
            [
                ("Service", outcome.target), ("Tested on", outcome.started.replace("T", " ").replace("+00:00", " UTC")),
                ("Requests sent", str(outcome.requests)), ("Time taken", _span(outcome.seconds)),
                ("Mode", mode), ("Test handlers", _created(outcome)),
            ],
            kind="facts",
        ),
        tag("h2", "What was tested"),
        tag("p", _about(outcome)),
        tag("p", _manners(outcome)),
    ])  # fmt: skip


def _headline(outcome: Outcome) -> str:
    different = sum(finding.kind != "defect of the kit" for finding in outcome.findings)
    found = f"{different} difference{'' if different == 1 else 's'} between documentation and service"
    if outcome.verdict is Verdict.NOTHING:
        return "Nothing was tested"
    if outcome.verdict is Verdict.CUT_SHORT:
        return f"The test was cut short; so far it found {found if different else 'no difference'}"
    if different:
        return f"The test found {found}"
    if outcome.verdict is Verdict.FINE:
        return "Everything that was tested is as documented"
    return "No difference was found, but the test itself is not sound"


def _explained(outcome: Outcome) -> Markup:
    ran = [test for test in outcome.tests if test.outcome != "skipped"]
    passed = sum(test.outcome == "passed" for test in ran)
    sentences = [f"{passed} of {len(ran)} tests passed."]
    found = [question for question in outcome.questions if question.source == "found"]
    if found:
        sentences.append(
            f"{len(found)} points that the documentation leaves open were settled by observation."
        )
    return tag("span", " ".join([*sentences, *outcome.left_behind]))


def _created(outcome: Outcome) -> str:
    if outcome.read_only:
        return "none were created"
    kept = "all deleted again" if not outcome.left_behind else "not all could be deleted"
    return f"{outcome.created} created, {kept}"


def _about(outcome: Outcome) -> str:
    keys = "one API key" if outcome.workers == 1 else f"{outcome.workers} API keys"
    return (
        f"bitpeak-mock is an independent, open-source tool. It called the service over HTTP with {keys} and "
        f"compared each answer with “{outcome.document}”, a machine-readable description written from the service's "
        "public documentation. Where the documentation is silent the tool observed what the service does, took that "
        "for right, and only checked that the service keeps to it."
    )


def _manners(outcome: Outcome) -> str:
    if outcome.read_only:
        return "This run only read: it created, changed and deleted nothing."
    return (
        "The run changed and deleted only handlers that it had created itself. They pointed to addresses that are "
        "reserved for examples (example.com), so nobody was notified. Existing handlers were neither changed nor "
        "recorded."
    )


def _questions(outcome: Outcome) -> Markup:
    if not outcome.questions:
        return Markup("")
    known = [one for one in outcome.questions if one.answer]
    unknown = [one for one in outcome.questions if not one.answer]
    known.sort(key=lambda one: not one.differs)
    parts = [
        tag("h2", "Questions that the documentation leaves open"),
        tag("p", "What the service was seen to do. None of these is an error; a sentence in the documentation would "
            "settle each. Marked are those where the service does something else than we had believed."),
    ]  # fmt: skip
    if known:
        parts.append(table(("Question", "What the service does", ""), map(_known, known)))
    if unknown:
        parts.append(tag("h3", "Still open"))
        parts.append(
            table(
                ("Question", "Why it could not be settled"), ((prose(one.text), one.why) for one in unknown)
            )
        )
    return joined(parts)


def _known(seen: QuestionSeen) -> Iterator[str]:
    yield prose(seen.text)
    yield prose(seen.means)
    if seen.differs:
        yield tag("span", "departure" if seen.page_speaks else "unexpected", kind="badge open")
    else:
        yield tag("span", "told us" if seen.source == "given" else "as believed", kind="badge")


def _operations(outcome: Outcome) -> Markup:
    head = (
        "Operation",
        "Requests",
        "Statuses documented",
        "Statuses seen",
        "Refusals seen",
        "Refusals not seen",
    )
    return joined([
        tag("h2", "Operations"),
        tag("p", "How often each operation was called and how it answered. A status in red is not documented "
            "for that operation; a refusal that was not seen was not provoked, or is answered differently."),
        table(head, map(_operation, outcome.operations)),
    ])  # fmt: skip


def _operation(seen: OperationSeen) -> Iterator[str]:
    yield tag("code", f"{seen.method} {seen.path}")
    yield str(seen.requests)
    yield " ".join(map(str, seen.declared))
    yield joined(
        tag("span", f"{status} × {count}", kind="badge good" if status in seen.declared else "badge bad")
        for status, count in sorted(seen.statuses.items())
    )
    yield ", ".join(seen.refusals)
    yield ", ".join(name for name in seen.declared_refusals if name not in seen.refusals)


def _rest(outcome: Outcome) -> Markup:
    if not outcome.left_out:
        return Markup("")
    rows = (tag("li", tag("strong", one.what), ": ", one.why) for one in outcome.left_out)
    return joined([tag("h2", "What was not tested, and why"), tag("ul", *rows)])


def _footer(outcome: Outcome) -> Markup:
    command = (
        f"bitpeak-mock check --base-url {outcome.target} --profile {outcome.profile} --seed {outcome.seed}"
    )
    command += "" if outcome.read_only else " --allow-writes"
    return tag(
        "footer",
        tag("p", f"Made by {outcome.tool}. To repeat the run, set BITPEAK_API_KEY to an API key and call:"),
        tag("pre", command),
        tag("p", "In the lines marked “Repeat it”, the shell variable BITPEAK_API_KEY stands for the same key, and ids "
            "will be others. The description's fingerprint is ", tag("code", outcome.digest[:12]), "."),
    )  # fmt: skip


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
