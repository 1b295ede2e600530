"""The service as a process: `python -m tests.second_opinion --port 0 --port-file FILE`."""

import argparse
import signal
import threading
from pathlib import Path

from tests.second_opinion.bugs import BUGS
from tests.second_opinion.service import DEFAULT_KEYS, SecondOpinion
from tests.second_opinion.wire import Manner


def arguments() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    parser = argparse.ArgumentParser(prog="python -m tests.second_opinion", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--port-file", type=Path, help="where to write the port once it is open")
    parser.add_argument("--answer", action="append", default=[], metavar="QUESTION=ANSWER")
    parser.add_argument("--key", action="append", help="an accepted key, with an account of its own")
    parser.add_argument("--rows", type=int, default=30, help="rows that each account begins with")
    parser.add_argument("--rate", type=int, help="requests that a key may make in a window")
    parser.add_argument("--window", type=float, default=60.0, help="seconds of a window")
    parser.add_argument("--bug", action="append", default=[], metavar="NAME")
    parser.add_argument("--list-bugs", action="store_true", help="list the bugs and exit")
    parser.add_argument("--log-file", type=Path, help="where to append the access log, a JSON object a line")
    parser.add_argument("--extra-property", action="store_true", help="an unknown property in objects")
    parser.add_argument("--shuffle-keys", action="store_true", help="JSON members in any order")
    parser.add_argument("--lowercase-headers", action="store_true")
    parser.add_argument("--chunked", action="store_true", help="chunked bodies")
    return parser


def service_of(options: argparse.Namespace) -> SecondOpinion:
    """Make the service that the command line asks for."""
    return SecondOpinion(
        dict(answer.split("=", 1) if "=" in answer else (answer, "") for answer in options.answer),
        dict.fromkeys(options.key or DEFAULT_KEYS, options.rows),
        bugs=options.bug,
        rate=options.rate,
        window=options.window,
        manner=Manner(
            extra_property=options.extra_property,
            shuffle_keys=options.shuffle_keys,
            lowercase_headers=options.lowercase_headers,
            chunked=options.chunked,
        ),
        port=options.port,
        log_file=options.log_file,
    )


def main() -> None:
    """Serve until a signal."""
    parser = arguments()
    options = parser.parse_args()
    if options.list_bugs:
        print("\n".join(f"{name:28}{sentence}" for name, sentence in BUGS.items()))
        return
    try:
        service = service_of(options)
    except ValueError as error:
        parser.error(str(error))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with service:
        print(service.url, flush=True)
        if options.port_file is not None:
            # Renamed into place, so that no reader sees half a number.
            half = options.port_file.with_suffix(".half")
            half.write_text(str(service.port), encoding="utf-8")
            half.replace(options.port_file)
        stop.wait()


if __name__ == "__main__":
    main()
