"""`bitpeak-mock serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mock_server.cli.config import take_file
from mock_server.cli.options import document_options, file_type, options, seed_option, setting, strict_option
from mock_server.cli.origin import write_settings
from mock_server.cli.plan import Plan
from mock_server.cli.running import run
from mock_server.cli.upstream import record_upstream
from mock_server.cli.values import read_latency, read_port, read_public_url, read_quota

_WHERE = (
    setting("--host", default="127.0.0.1", show_default=True, help="The address or name to listen on."),
    setting(
        "--port", metavar="N", type=read_port, default="4055", show_default=True, fallback="PORT",
        help="The port to listen on; 0 takes a free one.",
    ),
    setting(
        "--port-file", metavar="FILE", type=file_type,
        help="A file that holds the port while the mock is ready, and is gone when it is not.",
    ),
    setting(
        "--tls-cert", metavar="FILE", type=file_type,
        help="Serve HTTPS with this PEM certificate and its chain; needs --tls-key.",
    ),
    setting("--tls-key", metavar="FILE", type=file_type, help="The certificate's private key, PEM, not encrypted."),
)  # fmt: skip

_HOW = (
    strict_option,
    setting(
        "--latency", metavar="TIME|TIME..TIME", type=read_latency, default="0", show_default=True,
        help="Hold each answer back: 200ms, 1.5s, or a time between two, 100ms..300ms.",
    ),
    setting(
        "--quota", metavar="off|document|N", type=read_quota, default="off", show_default=True,
        help="Refuse a key's requests beyond a number in a window of time: off, what the document says, or N in the "
        "document's window.",
    ),
    setting(
        "--cors/--no-cors", default=None,
        help="Let pages of other sites call the mock from a browser, or not.  [default: as the document says]",
    ),
    setting(
        "--public-url", metavar="URL", type=read_public_url,
        help="What the links in answers begin with, where clients reach the mock by another address.",
    ),
)  # fmt: skip

_STEERED = (
    setting(
        "--control-token", metavar="TEXT", secret=True,
        help="What requests to /_mock must send in the header X-Bitpeak-Mock-Token.  [default: one is made up where "
        "other computers can reach the host, else none]",
    ),
    setting(
        "--control-cors", is_flag=True, help="Let pages of other sites steer the mock by /_mock from a browser.",
    ),
    setting(
        "--overrides/--no-overrides", default=True, show_default=True,
        help="Let a request choose its answer by the header Prefer: code=404, example=not_found.",
    ),
)  # fmt: skip

_UPSTREAM = (
    setting(
        "--record", metavar="FILE", type=file_type,
        help="With --upstream: write every exchange to this file, without keys and rows of others.",
    ),
    setting(
        "--upstream", metavar="URL",
        help="Do not mock: pass calls on to this service as `bitpeak-mock record` does, which has more to choose. The "
        "key comes from BITPEAK_API_KEY.",
    ),
)  # fmt: skip

_SHOWN = (
    setting("--watch", is_flag=True, help="Reload when the document, an overlay or the seed changes."),
    setting(
        "--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True,
        help="Lines for people, or one JSON object a line.",
    ),
    setting("--quiet", "-q", is_flag=True, help="Log no requests but the mock's own defects; only say when ready."),
    setting("--verbose", "-v", is_flag=True, help="Log each request's operation and refusal, too."),
    setting(
        "--config", metavar="FILE", type=file_type, is_eager=True, callback=take_file,
        help="A TOML file of settings, at its top or in a table [serve]. Its keys are the names of these flags, "
        "and the file names in it count from the current folder.",
    ),
    setting("--print-config", is_flag=True, help="Print each setting and where it comes from, and do not start."),
)  # fmt: skip


@click.command
@options(*_WHERE, *document_options, seed_option, *_HOW, *_STEERED, *_UPSTREAM, *_SHOWN)
@click.pass_context
def serve(
    ctx: click.Context, /, print_config: bool, upstream: str | None, record: Path | None, **given: Any
) -> None:
    """Serve the API until told to stop (SIGTERM or Ctrl-C).

    The banner goes to standard output, and ends with the line `ready URL`. The log goes to standard error: a line
    for each request, and beneath it `!` what the real service would have let pass in silence, and `?` what to do.

    A flag counts before its environment variable, that before the file of --config, that before the default.
    """
    del given["config"]  # its settings are in `given`
    plan = Plan(**given)
    _check(plan)
    if print_config:
        click.echo(write_settings(ctx, "print_config", plan.log_format))
    elif upstream is not None or record is not None:
        if upstream is None or record is None:
            raise click.UsageError("--record and --upstream belong together, give both.")
        ctx.exit(record_upstream(ctx, plan, upstream, record))
    else:
        run(plan)


def _check(plan: Plan) -> None:
    if bool(plan.tls_cert) != bool(plan.tls_key):
        missing = "--tls-key" if plan.tls_cert else "--tls-cert"
        raise click.UsageError(f"a certificate and its key belong together, give {missing} too.")
    if plan.quiet and plan.verbose:
        raise click.UsageError("--quiet and --verbose contradict each other, choose one.")
