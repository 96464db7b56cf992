"""``iotscan compare``: devices or images of stored runs side by side, for whoever chooses one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from iotscan.cli import options as shared
from iotscan.cli.complete import complete_run
from iotscan.cli.stored import AsOf, Runs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from iotscan.assess.lining_up import Entry
    from iotscan.cli.output import Wanted
    from iotscan.model.lineup import Lineup
    from iotscan.model.run import Run
    from iotscan.report.document import Document

FEWEST, MOST = 2, 6
"""Columns that a page holds."""
FORMATS = ("text", "md", "html", "pdf", "docx")
Columns = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN[:DEVICE]...",
        autocompletion=complete_run,
        help="2 to 6 of them: a run of one device or image, or RUN:DEVICE with its address, name or id.",
        show_default=False,
    ),
]
ProfileOfAll = Annotated[
    str,
    typer.Option(
        "--profile", metavar="NAME|FILE", help="Judge all by this one. Default: by that of the latest run.",
        show_default=False,
    ),
]  # fmt: skip
Format = Annotated[
    list[str] | None,
    typer.Option(
        "--format", "-f", metavar="FMT[:PATH]", help="text (default), md, html, pdf or docx; repeatable.",
        show_default=False,
    ),
]  # fmt: skip


def compare(
    columns: Columns,
    profile: ProfileOfAll = "",
    checks: shared.CheckFolders = None,
    as_of: AsOf = "",
    format: Format = None,
    output_dir: Runs = shared.OUTPUT,
    width: shared.Width = 0,
) -> None:
    """Put devices or images side by side, on one page for a buyer.

    Grades with what was not assessed, the answers to what a buyer asks, and what differs. Nobody is called better
    where what is unknown could turn it. Runs of different profiles, checks or versions are judged again by the same
    rules first. Touches no device.

    Example: iotscan compare latest:192.0.2.21 latest:192.0.2.22 -f pdf:cameras.pdf
    """
    from iotscan.model.run import read_moment
    from iotscan.report.buying import document

    wanted = _wanted(format or ["text"], output_dir)
    lineup = _lined_up(columns, profile, checks or (), read_moment(as_of, "--as-of") if as_of else None, output_dir)
    from iotscan.cli.material import today

    _write(document(lineup, today().isoformat()), wanted, width)


def _wanted(given: "Sequence[str]", output: Path) -> "tuple[Wanted, ...]":
    """The formats and their places, checked before any run is read. Raises BadInput."""
    from iotscan.cli.output import read_formats
    from iotscan.model.errors import BadInput

    wanted = read_formats(given, output)
    for one in wanted:
        if one.format not in FORMATS:
            raise BadInput(f"a comparison is not written as {one.format}: choose one of {', '.join(FORMATS)}")
        if one.is_beside:
            raise BadInput(f"say where the comparison goes: -f {one.format}:compare.{one.format}")
    return wanted


def _lined_up(
    columns: "Sequence[str]", profile: str, folders: "Sequence[Path]", as_of: "datetime | None", output: Path
) -> "Lineup":
    from iotscan.assess.lining_up import line_up
    from iotscan.model.errors import BadInput
    from iotscan.model.redaction import without_secrets
    from iotscan.store.runs import read_run

    if not FEWEST <= len(columns) <= MOST:
        given = "1 was" if len(columns) == 1 else f"{len(columns)} were"
        raise BadInput(
            f"{FEWEST} to {MOST} devices or images fit on the page, and {given} given: write each as RUN:DEVICE"
        )
    named = [_split(word) for word in columns]
    read = {run: read_run(run, output) for run in dict.fromkeys(run for run, _ in named)}
    # What is hidden in one is hidden in all: the same key is the same there.
    runs = dict(zip(read, without_secrets(tuple(read.values())), strict=True))
    chosen = [(run, _owner(runs[run], run, device)) for run, device in named]
    if len({(runs[run].id, owner) for run, owner in chosen}) < len(chosen):
        raise BadInput("the same device of the same run was given twice: there is nothing to compare it with")
    judged = _by_one_rule(runs, profile, folders, as_of)
    return line_up([_entry(judged[run], owner, is_again=judged[run] is not runs[run]) for run, owner in chosen])


def _entry(run: "Run", owner: str, *, is_again: bool) -> "Entry":
    from iotscan.assess.lining_up import Entry

    return Entry(run=run, owner=owner, judged_again=is_again)


def _split(word: str) -> tuple[str, str]:
    """The run and the device of ``RUN:DEVICE``; a path with a colon is a path, an address may have more of them."""
    if Path(word).exists():
        return word, ""
    run, _, device = word.partition(":")
    return run, device


def _owner(run: "Run", named: str, device: str) -> str:
    """The id of the one device or image that is meant. Raises BadInput with what there is."""
    from iotscan.model.errors import BadInput
    from iotscan.report.words import clean, listed

    shown = clean(named, 80)
    if run.command == "discover":
        raise BadInput(f"{shown} lists devices and judged none: scan them first")
    names: dict[str, set[str]] = {
        **{d.id: {d.id, *d.addresses, d.label.lower(), d.claimed("name").lower(), d.mac} for d in run.devices},
        **{i.id: {i.id, i.name.lower(), i.source.lower()} for i in run.images},
    }
    found = [owner for owner, words in names.items() if not device or {device, device.lower()} & (words - {""})]
    if len(found) == 1:
        return found[0]
    known = [clean(d.address, 40) for d in run.devices] + [clean(i.name or i.source, 40) for i in run.images]
    choice = f": it holds {listed(known, 6)}" if known else ": it holds none"
    if not device:
        raise BadInput(f"say which device of {shown} is meant, as {shown}:DEVICE{choice}")
    how_many = "no device" if not found else "more than one device"
    raise BadInput(f"{shown} has {how_many} '{clean(device, 60)}'{choice}")


def _by_one_rule(
    runs: "dict[str, Run]", profile_name: str, folders: "Sequence[Path]", as_of: "datetime | None"
) -> "dict[str, Run]":
    """The runs as one rule judges them: as they are where it is their own. Raises BadInput."""
    from iotscan.assess.since import have_one_rule
    from iotscan.cli.one_rule import judged_by, rules_of

    every = list(runs.values())
    if not (profile_name or folders or as_of) and all(have_one_rule(every[0], run) for run in every):
        return runs
    latest = max(every, key=lambda run: (run.started, run.id))
    profile, checks = rules_of(latest, profile_name, folders)
    return {name: judged_by(run, checks, profile, as_of) for name, run in runs.items()}


def _write(document: "Document", wanted: "Sequence[Wanted]", width: int) -> None:
    import shutil
    import sys

    from iotscan.cli.pipe import tell, while_somebody_listens
    from iotscan.report.layout.text import WIDTH, render
    from iotscan.report.registry import laid_out
    from iotscan.store.runs import write_report

    columns = width or (shutil.get_terminal_size((WIDTH, 24)).columns if sys.stdout.isatty() else WIDTH)
    for one in wanted:
        data = render(document, columns).encode() if one.format == "text" else laid_out(document, one.format)
        if one.path is not None:
            write_report(one.path, data)
            tell(f"wrote {one.path}")
            continue
        with while_somebody_listens():
            sys.stdout.flush()
            sys.stdout.buffer.write(data)
            sys.stdout.flush()
