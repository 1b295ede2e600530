"""`python -m bench`: measure, and print a report. `--help` says what can be chosen."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from bench import creates, inside, kit, shares, suites, worlds
from bench.figures import Report
from bench.load import QUICK, Effort, measure
from bench.plot import svg
from bench.progress import say
from bench.table import markdown
from bench.timing import costs


def main() -> None:
    """Measure what the options say. Progress goes to standard error, the report to standard output."""
    arguments = _arguments()
    effort = QUICK if arguments.quick else Effort()
    if arguments.rounds:
        effort = replace(effort, rounds=arguments.rounds)
    report = Report(_machine(effort))
    report.subjects = measure(effort, report.left_out, with_peers=arguments.peers)
    _inside(report, quick=arguments.quick)
    _felt(report, quick=arguments.quick)
    if arguments.markdown:
        arguments.markdown.write_text(markdown(report), encoding="utf-8")
    if arguments.plot:
        arguments.plot.write_text(svg(report), encoding="utf-8")
    if arguments.json:
        json.dump(asdict(report), sys.stdout, indent=2)
    else:
        sys.stdout.write(markdown(report))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="measure for three minutes, less precisely")
    parser.add_argument("--rounds", type=int, metavar="N", help="how many turns each target takes")
    parser.add_argument("--peers", action="store_true", help="also install and measure other tools")
    parser.add_argument("--json", action="store_true", help="print every figure as JSON")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the table into a file")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="also write a picture, in SVG")
    return parser.parse_args()


def _machine(effort: Effort) -> dict[str, str]:
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "processor": f"{os.cpu_count()} × {_processor()}",
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        "load when it began": f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "–",
        "rounds": f"{effort.rounds} of {effort.seconds:g} s",
        "reads": f"{effort.reads:,}",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "unknown")


def _inside(report: Report, *, quick: bool) -> None:
    """Measure what needs no socket."""
    rounds = 15 if quick else 60
    say("calls in process")
    report.calls = costs(inside.calls(), rounds=rounds)
    say("growth" if quick else "growth to 1,000,000 handlers")
    for name, calls in inside.by_size(inside.SIZES[:-1] if quick else inside.SIZES).items():
        report.growth[name] = costs(calls, rounds=rounds)
    say("shares of journal and response checking")
    report.shares = shares.measured(rounds)
    report.facts["journal"] = (shares.over_a_socket(), "")
    say("hostile forms")
    growth = [costs(calls, rounds=rounds // 3) for calls in inside.hostile_forms().values()]
    report.facts["hostile form"] = (max(large / small for small, large in map(dict.values, growth)), "")
    count = 20_000 if quick else 200_000
    say(f"{count:,} creates")
    for name, seconds in creates.measured(count).items():
        report.facts[f"creates: {name}"] = (seconds, "s")
    say(f"{worlds.WORLDS:,} worlds")
    made = worlds.measured()
    report.facts["new world and its first page"] = (made["median"], "s")
    report.facts["10,000 worlds"] = (made["bytes"], "bytes")


def _felt(report: Report, *, quick: bool) -> None:
    """Measure what a person waits for: suites, and commands."""
    report.suites = suites.measured(1 if quick else 7)
    seconds = suites.started(5 if quick else 25) | kit.measured(1 if quick else 5)
    report.facts |= {name: (value, "s") for name, value in seconds.items()}


if __name__ == "__main__":
    main()
