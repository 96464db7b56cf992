"""The commands. Each lives in a file of its own, which imports what it needs when it is called."""

from pathlib import Path
from typing import Annotated

import typer

from iotscan.cli import (
    audit,
    catalogue,
    compare,
    credentials,
    diff,
    discover,
    doctor,
    files,
    helper,
    history,
    image,
    join,
    lab,
    plan,
    profiles,
    report,
    scan,
    scope,
    settings,
    stored,
    traffic,
    waivers,
)
from iotscan.cli.settled import SettledCommand

HELP = """How secure are the IoT devices on this network, and does this gateway image ship?

iotscan finds devices, asks each in its own protocol, and grades what it saw on the five elements of IoT security:
hardware, updates, communication, keys, cloud. The default is read-only: no login, no write, no change.

Start here: iotscan scan --lab (a practice network on this machine), then iotscan scan 192.168.1.0/24.

Exit codes: 0 clean, 1 findings at or above --fail-on, 2 usage (nothing was sent), 3 incomplete, 130 or 143
interrupted, 70 a bug of ours.
"""

app = typer.Typer(
    name="iotscan",
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from iotscan import __version__

        typer.echo(f"iotscan {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Settings for the command; stronger than those that are found (config path).",
            show_default=False,
        ),
    ] = None,
    no_config: Annotated[bool, typer.Option("--no-config", help="Look for no file of settings.")] = False,
) -> None:
    """Hold the options that belong to no command."""


app.command("scan", cls=SettledCommand)(scan.scan)
app.command("discover", cls=SettledCommand)(discover.discover)
app.command("plan", cls=SettledCommand)(plan.plan)
app.command("image", cls=SettledCommand)(image.image)
app.command("traffic", cls=SettledCommand)(traffic.traffic)
app.command("join", cls=SettledCommand)(join.join)
app.command("assess", cls=SettledCommand)(stored.assess)
app.command("gate", cls=SettledCommand)(stored.gate)
app.command("diff")(diff.diff)
app.command("compare")(compare.compare)
app.command("report", cls=SettledCommand)(report.report)
app.command("explain")(catalogue.explain)
app.command("doctor")(doctor.doctor)
app.command("validate")(files.validate)
app.command("schema")(files.schema)
app.add_typer(catalogue.checks, name="checks")
app.add_typer(profiles.profiles, name="profiles")
app.add_typer(credentials.credentials, name="credentials")
app.add_typer(scope.scope, name="scope")
app.add_typer(audit.audit, name="audit")
app.add_typer(history.history, name="history")
app.add_typer(helper.helper, name="helper")
app.add_typer(lab.lab, name="lab")
app.add_typer(settings.config, name="config")
app.add_typer(waivers.waivers, name="waivers")
