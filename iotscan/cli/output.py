"""Where results go: the payload to standard output or files, everything else to standard error."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import msgspec

from iotscan.cli.pipe import tell, while_somebody_listens
from iotscan.cli.redact import read_level, redact
from iotscan.cli.step_summary import append_step_summary
from iotscan.model.errors import BadInput

if TYPE_CHECKING:
    from rich.console import Console

    from iotscan.model.run import Run


FOR_INVENTORIES = frozenset({"csv", "html", "json", "jsonl", "md", "text"})
"""Formats that tell a list of devices. The readers of all others take a missing finding for a repaired one."""


class Display(msgspec.Struct, frozen=True, kw_only=True):
    """How the report looks on a terminal, how much any report tells, whether a job's page gets a summary."""

    color: str = "auto"
    width: int = 0
    ascii: bool = False
    quiet: int = 0
    show_passed: bool = False
    step_summary: bool = False
    for_a_person: bool = True
    """Show the run as well, beside the formats that were asked for."""
    redact: str = "standard"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """One ``-f FMT[:PATH]``: a format and its file, None for standard output."""

    format: str
    path: Path | None


def read_formats(given: Sequence[str], output: Path) -> tuple[Wanted, ...]:
    """Read and check every ``-f`` before anything is sent: known format, writable place. Raises BadInput.

    Folders below ``output``, where runs are kept, are made: that one may not be there yet.
    """
    from iotscan.report.registry import FORMATS, UnknownFormat

    wanted = []
    for word in given:
        name, _, path = word.partition(":")
        if name not in FORMATS:
            raise UnknownFormat(name)
        place = Path(path) if path and path != "-" else None
        wanted.append(Wanted(format=name, path=place))
        if place:
            _require_writable(place, output)
    if sum(w.path is None for w in wanted) > 1:
        raise BadInput("two formats want standard output: give all but one a file, as -f json:run.json")
    return tuple(wanted)


def refuse_for_inventory(wanted: Sequence[Wanted]) -> None:
    """Raise BadInput for a format whose reader would take a list of devices for a scan that found nothing."""
    for one in wanted:
        if one.format not in FOR_INVENTORIES:
            rest = ", ".join(sorted(FOR_INVENTORIES))
            raise BadInput(f"nothing was assessed: -f {one.format} would say that all is well; choose one of {rest}")


def _require_writable(path: Path, output: Path) -> None:
    import os

    from iotscan.store.runs import is_stream

    if path.is_dir():
        raise BadInput(f"{path} is a folder: name a file, as -f json:{path}/run.json")
    if is_stream(path):
        if not os.access(path, os.W_OK):
            raise BadInput(f"{path} cannot be written (Permission denied): choose another place")
        return
    try:
        if path.resolve().is_relative_to(output.resolve()):
            path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"{path} cannot be written ({error.strerror}): choose another place") from error
    if not path.parent.is_dir():
        raise BadInput(f"{path} cannot be written: there is no folder {path.parent}; make it first")
    # As it will be written in the end: to a new file beside it. Asking for permission alone proves less.
    trial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        trial.touch(mode=0o600, exist_ok=False)
        trial.unlink()
    except OSError as error:
        raise BadInput(f"{path} cannot be written ({error.strerror}): choose another place") from error


def check_display(display: Display) -> Display:
    """Raise BadInput for a display that makes no sense."""
    if display.color not in ("auto", "always", "never"):
        raise BadInput(f"--color {display.color} is unknown: auto, always or never")
    read_level(display.redact)
    if display.width < 0:
        raise BadInput("--width must be 0 or more columns")
    return display


def console(stream: TextIO, display: Display) -> "Console":
    """A console on which device text can do nothing: no markup, no emoji codes, no highlighting."""
    from rich.console import Console

    force = {"always": True, "never": False}.get(display.color)
    return Console(
        file=stream,
        markup=False,
        emoji=False,
        highlight=False,
        soft_wrap=False,
        width=display.width or None,
        no_color=True if display.color == "never" else None,
        force_terminal=force,
    )


def present(run: "Run", wanted: Sequence[Wanted], display: Display, output: Path) -> None:
    """Write the asked-for formats, and the report for a person; none tells more than ``display.redact`` allows.

    The person's report goes to standard output, or to standard error when a format is there. A reader
    who leaves early changes nothing about the verdict.
    """
    from iotscan.report.registry import write
    from iotscan.store.runs import write_report

    run = redact(run, read_level(display.redact), output)
    for one in wanted:
        if one.path is not None:
            write_report(one.path, write(run, one.format).encode())
            if display.quiet < 2:
                tell(f"wrote {one.path}")
    payload = next((one for one in wanted if one.path is None), None)
    with while_somebody_listens():
        # Plain lines are for a person already: not the same twice.
        told_twice = payload is not None and payload.format == "text" and not display.quiet
        if display.for_a_person and not told_twice:
            show(run, sys.stderr if payload else sys.stdout, display)
        if payload:
            # A format has an encoding of its own, whatever the terminal's is.
            sys.stdout.flush()
            sys.stdout.buffer.write(write(run, payload.format).encode())
            sys.stdout.flush()
    if display.step_summary:
        append_step_summary(run)


def show(run: "Run", stream: TextIO, display: Display) -> None:
    """Show a run to a person: drawn on a terminal, plain lines elsewhere; an inventory where nothing was judged."""
    from iotscan.report import inventory, plain, terminal
    from iotscan.report.words import counted, typewritten

    if display.quiet >= 2:
        return
    is_inventory = inventory.is_inventory(run)
    if display.quiet == 1:
        verdict = run.verdict.summary if run.verdict else "no verdict"
        print(counted(len(run.devices), "device") if is_inventory else verdict, file=stream)
        return
    screen = console(stream, display)
    is_drawn = screen.is_terminal or (display.color == "never" and stream.isatty())
    if is_drawn and is_inventory:
        inventory.show_inventory(run, screen, ascii=display.ascii)
    elif is_drawn:
        terminal.render(run, screen, show_passed=display.show_passed, ascii=display.ascii)
    else:
        text = inventory.inventory(run) if is_inventory else plain.render(run, show_passed=display.show_passed)
        stream.write(typewritten(text) if display.ascii else text)
    stream.flush()
