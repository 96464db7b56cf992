"""``iotscan history``: the memory across audits, from the runs of one folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from iotscan.cli import options as shared
from iotscan.cli.complete import complete_run
from iotscan.cli.settled import SettledCommand
from iotscan.cli.stored import Runs

if TYPE_CHECKING:
    from iotscan.store.history.folder import History, Watch

history = typer.Typer(
    help="Devices, keys and findings over all runs of a folder.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Format = Annotated[str, typer.Option("--format", "-f", metavar="FMT", help="text or json.")]
TABLES = ("runs", "devices", "keys", "findings")


@history.command("list", cls=SettledCommand)
def list_runs(format: Format = "text", output_dir: Runs = shared.OUTPUT) -> None:
    """List the runs of the folder, with their grades and findings.

    Takes in the runs that the history lacks. Touches no device.
    """
    from iotscan.report.history import runs_text
    from iotscan.report.json import document
    from iotscan.store.history.telling import runs_in

    _require("history list", format, ("text", "json"))
    with _open(output_dir) as kept:
        runs = runs_in(kept.database)
        _write(document(runs) if format == "json" else runs_text(runs))


@history.command("show", cls=SettledCommand)
def show(
    what: Annotated[
        str,
        typer.Argument(
            metavar="RUN|DEVICE",
            autocompletion=complete_run,
            help="A run (id, folder or latest); or a device: its address, MAC, serial number, name, or id in a run. "
            "An address means who was seen there last.",
        ),
    ],
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Of a device, also how much of what applies was assessed in each run.")
    ] = False,
    format: Format = "text",
    output_dir: Runs = shared.OUTPUT,
) -> None:
    """Show a run, or a device over all runs.

    Of a run: who was in it, by what each is known, and which keys were replaced since the run before. Of a device:
    its addresses, its keys and certificates with first and last seen, its grades.

    Examples: iotscan history show latest | iotscan history show 192.168.1.7
    """
    from iotscan.cli.history_show import devices_shown, run_shown
    from iotscan.report.history import devices_text, run_text
    from iotscan.report.json import document

    _require("history show", format, ("text", "json"))
    with _open(output_dir) as kept:
        if (detail := run_shown(kept, what)) is not None:
            _write(document(detail) if format == "json" else run_text(detail))
            return
        devices = devices_shown(kept, what)
        _write(document(devices) if format == "json" else devices_text(devices, with_coverage=coverage))


@history.command("trend", cls=SettledCommand)
def trend(
    last: Annotated[int, typer.Option(metavar="N", min=1, help="The last N runs.")] = 20,
    command: Annotated[
        str,
        typer.Option(
            metavar="WHAT", help="Runs of scan or of image. Default: as the newest that judged.", show_default=False
        ),
    ] = "",
    format: Format = "text",
    ascii: shared.Ascii = False,
    output_dir: Runs = shared.OUTPUT,
) -> None:
    """Show whether it gets better, run after run.

    Grades, findings by severity, how much was assessed, findings that are new or fixed (as iotscan diff tells), and on
    how many services a key was replaced: each since the run before that saw one of the same devices.
    """
    import sys

    from iotscan.cli.trending import trend_of
    from iotscan.report.history import trend_text
    from iotscan.report.json import document

    _require("history trend", format, ("text", "json"))
    if command:
        _require("history trend --command", command, ("scan", "image"))
    with _open(output_dir) as kept:
        told = trend_of(kept, command=command, last=last)
    if format == "json":
        _write(document(told))
    else:
        _write(trend_text(told, is_drawn=sys.stdout.isatty() and not ascii))


@history.command("export", cls=SettledCommand)
def export(
    format: Annotated[
        str, typer.Option("--format", "-f", metavar="FMT", help="json (all) or csv (one table).")
    ] = "json",
    table: Annotated[
        str, typer.Option(metavar="WHAT", help="With -f csv: runs, devices, keys or findings.", show_default=False)
    ] = "",
    output_dir: Runs = shared.OUTPUT,
) -> None:
    """Write the whole history to standard output.

    JSON by the schema iotscan/history@1 (iotscan schema history). It holds what the runs hold: addresses and names, and
    no secrets. Example: iotscan history export -f csv --table keys > keys.csv
    """
    from iotscan.model.errors import BadInput
    from iotscan.report import history_csv
    from iotscan.report.json import document
    from iotscan.store.history.telling import everything

    _require("history export", format, ("json", "csv"))
    if table and format != "csv":
        raise BadInput("--table belongs to -f csv: json holds all of them")
    if table:
        _require("history export --table", table, TABLES)
    with _open(output_dir) as kept:
        told = everything(kept.database)
    _write(document(told) if format == "json" else history_csv.render(told, table or "keys"))


@history.command("rm", cls=SettledCommand)
def remove(
    run: Annotated[
        str, typer.Argument(metavar="RUN", autocompletion=complete_run, help="A run: its id, folder or latest.")
    ],
    files: Annotated[
        bool, typer.Option("--files", help="Delete the folder of the run, too: all that is known.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    output_dir: Runs = shared.OUTPUT,
) -> None:
    """Take a run out of the history.

    Its files stay, unless --files says otherwise; a file history.skip beside them keeps it out.
    """
    from iotscan.cli.history_remove import remove_run

    with _open(output_dir) as kept:
        _write(remove_run(kept, run, with_files=files, is_agreed=yes))


@contextmanager
def _open(output: Path) -> "Iterator[History]":
    """The history of a folder, with all of its runs. Raises BadInput."""
    from iotscan.cli.pipe import tell
    from iotscan.model.errors import BadInput
    from iotscan.store.history.folder import history_of

    if not output.is_dir():
        raise BadInput(f"there is no folder {output}: iotscan scan makes it, or name another with --output-dir")
    with history_of(output) as kept:
        for problem in kept.take_missing(_watching()):
            tell(f"history: {problem}")
        yield kept


def _watching() -> "Watch":
    """Says every so often how many runs of a folder are in, where that takes long."""
    import time

    from iotscan.cli.pipe import tell

    told = time.monotonic()

    def watch(done: int, of: int) -> None:
        nonlocal told
        if time.monotonic() - told > 2:
            told = time.monotonic()
            tell(f"history: {done} of {of} runs taken in")

    return watch


def _require(who: str, word: str, known: tuple[str, ...]) -> None:
    from difflib import get_close_matches

    from iotscan.model.errors import BadInput

    if word not in known:
        near = get_close_matches(word.lower()[:40], known, n=1)
        hint = f": did you mean '{near[0]}'? Known:" if near else ". Known:"
        raise BadInput(f"{who} knows no '{word[:40]}'{hint} {', '.join(known)}")


def _write(text: str) -> None:
    import sys

    from iotscan.cli.pipe import while_somebody_listens

    with while_somebody_listens():
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode())
        sys.stdout.flush()
