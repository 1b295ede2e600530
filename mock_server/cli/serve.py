"""`bitpeak-mock serve`: its options, and the settings that they make."""

from __future__ import annotations

import functools
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import fields
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import click

from mock_server.cli import options
from mock_server.cli.options import FILE, SectionedCommand, setting, value_of
from mock_server.cli.terminal import ExitCode, Failure
from mock_server.settings import Rules, Settings, read_latency, read_size

_address = functools.partial(setting, section="Address")
_document = functools.partial(setting, section="Document")
_behaviour = functools.partial(setting, section="Behaviour")
_control = functools.partial(setting, section="Control (/_mock)")
_proxy = functools.partial(setting, section="Recording proxy")
_log = functools.partial(setting, section="Log")
_settings = functools.partial(setting, section="Settings")


@click.command(cls=SectionedCommand)
@_address("--host", default="127.0.0.1", show_default=True, help="Address or name to listen on.")
@_address(
    "--port", metavar="N", type=value_of(options.read_port), default="4055", show_default=True, fallback="PORT",
    help="Port to listen on. 0 takes a free one.",
)  # fmt: skip
@_address(
    "--port-file", metavar="FILE", type=FILE,
    help="Write the port to this file once the mock is ready, and remove the file at the end.",
)  # fmt: skip
@_address(
    "--tls-cert", metavar="FILE", type=FILE, help="Serve HTTPS with this PEM certificate and its chain."
)
@_address("--tls-key", metavar="FILE", type=FILE, help="Private key of the certificate: PEM, not encrypted.")
@_address(
    "--public-url", metavar="URL", type=value_of(options.read_public_url),
    help="Base of the links in responses, if clients reach the mock by another address.",
)  # fmt: skip
@options.document_options
@options.seed_option
@_document("--watch", is_flag=True, help="Reload when the document, an overlay or the seed changes.")
@_document(
    "--rehearse", metavar="FILE|NAME", multiple=True,
    help="Compare with this overlay on top: responses stay the same, and the journal, /_mock/rehearsal and the end of "
    "the log show which ones it would change. Repeatable.",
)  # fmt: skip
@options.strict_option
@_behaviour(
    "--latency", metavar="TIME[..TIME]", type=value_of(read_latency), default="0", show_default=True,
    help="Delay each response: 200ms, 1.5s, or a random time between two, 100ms..300ms.",
)  # fmt: skip
@_behaviour(
    "--quota", metavar="off|document|N", type=value_of(options.read_quota), default="off", show_default=True,
    help="Limit the requests of each key: off, the document's limit, or N in the document's window of time.",
)  # fmt: skip
@_behaviour(
    "--memory", metavar="SIZE", type=value_of(read_size), default="512MiB", show_default=True,
    help="How much the handlers of all worlds may take: 64MiB, 2GiB. Beyond it, worlds idle for longest are dropped.",
)  # fmt: skip
@_behaviour(
    "--cors/--no-cors", default=None,
    help="Let pages of other origins call the API, or not.  [default: as the document says]",
)  # fmt: skip
@_behaviour(
    "--overrides/--no-overrides", default=True, show_default=True,
    help="Let a request choose its response by the header Prefer: code=404, example=not_found.",
)  # fmt: skip
@_control(
    "--control-token", metavar="TEXT", hide_input=True,
    help="Token that control requests must send in the header X-Bitpeak-Mock-Token.  [default: a generated one if "
    "other computers can reach the host, else none]",
)  # fmt: skip
@_control("--control-cors", is_flag=True, help="Let pages of other origins control the mock.")
@_control(
    "--allow-host", metavar="NAME", multiple=True, type=value_of(options.read_host),
    help="Name by which clients may call the control and the page, beside localhost, the address of --host and the "
    "name in --public-url. Repeatable.",
)  # fmt: skip
@_proxy(
    "--upstream", metavar="URL",
    help="Do not mock: pass calls on to this service and record them. `bitpeak-mock record` does the same, with more "
    "options. The API key comes from BITPEAK_API_KEY.",
)  # fmt: skip
@_proxy("--record", metavar="FILE", type=FILE, help="Write the recording to this file. Keys are left out.")
@_log(
    "--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="Log lines for people, or one JSON object a line.",
)  # fmt: skip
@_log("--quiet", "-q", is_flag=True, help="Log only internal errors and the ready line.")
@_log("--verbose", "-v", is_flag=True, help="Log the operation and the refusal of each request, too.")
@_settings(
    "--config", metavar="FILE", type=FILE, is_eager=True, callback=options.take_config,
    help="TOML file with settings, at its top level or in a table [serve]. The keys are the names of these options.",
)  # fmt: skip
@click.option(
    "--ignore-env", is_flag=True, is_eager=True,
    help="Let no environment variable set an option, for a mock that a test suite starts.",
)  # fmt: skip
@_settings("--print-config", is_flag=True, help="Print each setting and where it comes from, and exit.")
@click.pass_context
def serve(
    ctx: click.Context, /, print_config: bool, upstream: str | None, record: Path | None, **given: Any
) -> None:
    """Serve the API until SIGTERM or Ctrl-C.

    The banner goes to standard output and ends with the line `ready URL`. The log goes to standard error, one line
    for each request. Below a request, `!` marks what the real service would silently accept, `?` a hint.

    An option wins over its environment variable, the variable over the file of --config, the file over the default.
    Commas separate several values in a variable. With --ignore-env, variables do not count.
    """
    settings, token = read_settings(given)
    if print_config:
        click.echo(options.write_config(ctx, given["log_format"]))
    elif upstream is None and record is None:
        from mock_server.cli.running import run  # late: it imports the whole machine

        run(settings, token, given)
    elif upstream is None or record is None:
        raise click.UsageError("--upstream and --record need each other.")
    else:
        _record(ctx, settings, given, upstream, record)


def read_settings(given: Mapping[str, Any]) -> tuple[Settings, str | None]:
    """Return the settings of the options, and the control's token if it was generated. Raises click.UsageError."""
    if bool(given["tls_cert"]) != bool(given["tls_key"]):
        raise click.UsageError("--tls-cert and --tls-key need each other.")
    if given["quiet"] and given["verbose"]:
        raise click.UsageError("--quiet and --verbose contradict each other: choose one.")
    chosen = given["control_token"]
    generated = None if chosen or is_loopback(given["host"]) else secrets.token_urlsafe(12)
    rules = {field.name: given[field.name] for field in fields(Rules)}
    settings = Settings(
        document=given["document"],
        overlays=given["overlay"],
        answers=given["answer"],
        seed=given["seed"],
        rehearse=given["rehearse"],
        rules=Rules(**{**rules, "quota": None if rules["quota"] == "off" else rules["quota"]}),
        control_token=chosen or generated,
        control_cors=given["control_cors"],
        allowed_hosts=given["allow_host"],
    )
    return settings, generated


def settings_of(flags: Sequence[str]) -> Settings:
    """Return the settings that flags of `serve` make, for a mock in this process, whatever the environment says.

    Raises ValueError with a sentence.

    >>> settings_of(["--strict", "--answer", "create-status=ok"]).rules.strict
    True
    """
    try:
        return read_settings(serve.make_context("serve", ["--ignore-env", *flags]).params)[0]
    except click.ClickException as error:
        raise ValueError(error.format_message()) from error


def is_loopback(host: str) -> bool:
    """Tell whether only this computer can reach a host."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _record(
    ctx: click.Context, settings: Settings, given: Mapping[str, Any], upstream: str, file: Path
) -> None:
    """Run `bitpeak-mock record` with these settings. Raises Failure if the kit is not installed."""
    if not is_loopback(given["host"]):
        raise Failure("A recording proxy listens on this computer only: leave out --host", ExitCode.USAGE)
    root = ctx.find_root()
    # By its name in the group: the mock does not import the kit.
    command = root.command.get_command(root, "record") if isinstance(root.command, click.Group) else None
    if command is None:
        raise Failure("No command `record`")
    ctx.invoke(
        command,
        base_url=upstream,
        out=str(file),
        port=given["port"],
        port_file=given["port_file"],
        document=str(settings.document) if settings.document else None,
        overlay=settings.overlays,
        answer=settings.answers,
        allow_host=settings.allowed_hosts,
        quiet=given["quiet"],
    )
