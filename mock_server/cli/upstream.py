"""`serve --upstream`: a recording proxy in place of the mock, which is a command of the contract-test kit."""

from __future__ import annotations

from pathlib import Path

import click

from mock_server.cli.failure import ExitCode, Failure
from mock_server.cli.plan import Plan


def record_upstream(ctx: click.Context, plan: Plan, upstream: str, file: Path) -> int:
    """Run `bitpeak-mock record` with a plan's settings, and return its exit code. Raises Failure without the kit."""
    if not plan.is_local:
        raise Failure("a recording proxy listens on this computer only: leave --host out", ExitCode.USAGE)
    group = ctx.find_root().command
    # By its name in the group: the machine does not know the kit.
    command = group.get_command(ctx.find_root(), "record") if isinstance(group, click.Group) else None
    if command is None:
        raise Failure("there is no command `record`")
    words = ["--base-url", upstream, "--out", str(file), "--port", str(plan.port)]
    words += ["--port-file", str(plan.port_file)] if plan.port_file else []
    words += ["--document", str(plan.document)] if plan.document else []
    words += [word for overlay in plan.overlay for word in ("--overlay", overlay)]
    words += [word for answer in plan.answer for word in ("--answer", answer)]
    words += ["--quiet"] if plan.quiet else []
    code = command.main(words, prog_name=f"{ctx.find_root().info_name} record", standalone_mode=False)
    return code if isinstance(code, int) else ExitCode.OK
