"""Where results go: the payload to standard output or files, everything else to standard error."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import msgspec

from iotscan.cli.pipe import tell, while_somebody_listens
from iotscan.cli.redact import read_level, redact, redact_told
from iotscan.cli.step_summary import append_step_summary
from iotscan.model.errors import BadInput

if TYPE_CHECKING:
    from rich.console import Console

    from iotscan.cli.material import Extras
    from iotscan.model.material import Material
    from iotscan.model.run import Run


FOR_INVENTORIES = frozenset({"csv", "docx", "html", "json", "jsonl", "md", "pdf", "text"})
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
    """One ``-f FMT[:PATH]``: a format and its file, None for standard output or, ``is_beside``, beside the run."""

    format: str
    path: Path | None
    is_beside: bool = False


def read_formats(given: Sequence[str], output: Path) -> tuple[Wanted, ...]:
    """Read and check every ``-f`` before anything is sent: known format, writable place. Raises BadInput.

    ``html,pdf`` names several at once. What no terminal shows, and each of several, goes to ``report.FMT`` in the
    folder of the run; a single text goes to standard output. Folders below ``output``, where runs are kept, are made:
    that one may not be there yet.
    """
    from iotscan.report.layout.needs import require
    from iotscan.report.registry import BINARY, UnknownFormat, known

    wanted = []
    for word in given:
        names, _, path = word.partition(":")
        several = names.split(",")
        for name in several:
            if name not in known():
                raise UnknownFormat(name)
            require(name)
            if len(several) > 1 and path:
                raise BadInput(f"-f {names}:{path[:80]} gives several formats one place: give each its own -f FMT:PATH")
            is_beside = not path and (len(several) > 1 or name in BINARY)
            place = Path(path) if path and path != "-" else None
            wanted.append(Wanted(format=name, path=place, is_beside=is_beside))
            if place:
                _require_writable(place, output)
    if sum(w.path is None and not w.is_beside for w in wanted) > 1:
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


def present(
    run: "Run", wanted: Sequence[Wanted], display: Display, output: Path, extras: "Extras | None" = None
) -> None:
    """Write the asked-for formats, and the report for a person; none tells more than ``display.redact`` allows.

    The person's report goes to standard output, or to standard error when a format is there. A reader
    who leaves early changes nothing about the verdict. ``extras`` go into audit reports.
    """
    from iotscan.report.registry import encoded
    from iotscan.store.runs import write_report

    original, run = run, redact(run, read_level(display.redact), output)
    material = _material(original, run, wanted, display, output, extras)
    for one in wanted:
        place = _beside(run, one.format, output) if one.is_beside else one.path
        if place is not None:
            write_report(place, encoded(run, one.format, material))
            if display.quiet < 2:
                tell(f"wrote {place}")
    payload = next((one for one in wanted if one.path is None and not one.is_beside), None)
    with while_somebody_listens():
        # Plain lines are for a person already: not the same twice.
        told_twice = payload is not None and payload.format == "text" and not display.quiet
        if display.for_a_person and not told_twice:
            show(run, sys.stderr if payload else sys.stdout, display)
        if payload:
            # A format has an encoding of its own, whatever the terminal's is.
            sys.stdout.flush()
            sys.stdout.buffer.write(encoded(run, payload.format, material))
            sys.stdout.flush()
    if display.step_summary:
        append_step_summary(run)


def _material(
    original: "Run",
    run: "Run",
    wanted: Sequence[Wanted],
    display: Display,
    output: Path,
    extras: "Extras | None",
) -> "Material":
    """What audit reports tell beyond the run; nothing is worked out where none is asked for."""
    from iotscan.model.material import Material
    from iotscan.report.registry import DOCUMENTS

    if not any(one.format in DOCUMENTS for one in wanted):
        return Material()
    from iotscan.cli.material import Extras, gather

    level = read_level(display.redact)
    return gather(run, extras or Extras(), original, lambda told, runs: redact_told(told, runs, level, output))


def _beside(run: "Run", format: str, output: Path) -> Path:
    """``report.pdf`` in the run's folder. A run file from elsewhere names the folder: it must not lead out."""
    import re

    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,80}", run.id):
        raise BadInput(f"the run's id is no name for a folder: say where it goes, as -f {format}:report.{format}")
    folder = output / run.id
    try:
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    except OSError as error:
        raise BadInput(f"{folder} cannot be made ({error.strerror}): name a file") from error
    return folder / f"report.{format}"


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
