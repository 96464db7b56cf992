"""``iotscan report``: a stored run in any format, without the network; above all as the audit report."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from iotscan.cli import options as shared
from iotscan.cli.complete import complete_run
from iotscan.cli.stored import RunName, Runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iotscan.cli.material import Extras
    from iotscan.cli.output import Wanted
    from iotscan.model.run import Run

Title = Annotated[
    str,
    typer.Option(metavar="TEXT", help="What the cover says. Default: the client or the targets.", show_default=False),
]
Final = Annotated[
    bool,
    typer.Option(
        "--final", help="The cover says FINAL instead of DRAFT. An incomplete run stays one, whatever is said."
    ),
]
Recipients = Annotated[
    list[str] | None,
    typer.Option("--recipient", metavar="NAME", help="Who gets the document; repeatable.", show_default=False),
]
Editions = Annotated[
    list[str] | None,
    typer.Option(
        "--edition",
        metavar="VERSION;DATE;AUTHOR;CHANGE",
        help="A version of the document, the latest last; repeatable. As '1.0;2026-11-27;Jane Doe;First issue'.",
        show_default=False,
    ),
]
Previous = Annotated[
    str,
    typer.Option(
        autocompletion=complete_run,
        metavar="RUN",
        help="The audit before (file, folder or id): says of each finding whether it is new, open or fixed.",
        show_default=False,
    ),
]
BrandFolder = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="A folder with brand.yaml: names, logo, two colours, legal text.", show_default=False
    ),
]
Judgement = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Your own words for the summary: text, an empty line between paragraphs. Default: a place for them.",
        show_default=False,
    ),
]


def report(
    run: RunName,
    format: shared.Formats = None,
    title: Title = "",
    final: Final = False,
    recipient: Recipients = None,
    edition: Editions = None,
    judgement: Judgement = None,
    previous: Previous = "",
    brand: BrandFolder = None,
    output_dir: Runs = shared.OUTPUT,
    redact: shared.Redact = "standard",
    color: shared.Color = "auto",
    width: shared.Width = 0,
    ascii: shared.Ascii = False,
    show_passed: shared.ShowPassed = False,
) -> None:
    """Show a stored run, or write the audit report.

    Exactly as it was judged then. html, pdf, docx and md are the audit report, which the options from --title to
    --brand shape; all other formats tell the run alone.

    Examples: iotscan report latest | iotscan report latest -f html,pdf,docx,md --brand acme --redact strict
    """
    import msgspec

    from iotscan.cli.output import Display, check_display, present, read_formats, refuse_for_inventory
    from iotscan.store.runs import read_sealed

    display = check_display(Display(color=color, width=width, ascii=ascii, show_passed=show_passed, redact=redact))
    wanted = read_formats(format or (), output_dir)
    given = {
        "--title": title,
        "--final": final,
        "--recipient": recipient,
        "--edition": edition,
        "--judgement": judgement,
        "--previous": previous,
    }
    _refuse_without_document(given, wanted)
    stored, sha256 = read_sealed(run, output_dir)
    if stored.command == "discover":
        refuse_for_inventory(wanted)
    extras = _extras(stored, run, output_dir, given, brand if _has_document(wanted) else None)
    extras = msgspec.structs.replace(extras, run_sha256=sha256)
    if wanted:
        # Asked for files or a payload, a report for a person would only be in the way.
        display = msgspec.structs.replace(display, for_a_person=False)
    present(stored, wanted, display, output_dir, extras)


def _has_document(wanted: "Sequence[Wanted]") -> bool:
    from iotscan.report.registry import DOCUMENTS

    return any(one.format in DOCUMENTS for one in wanted)


def _refuse_without_document(given: dict[str, Any], wanted: "Sequence[Wanted]") -> None:
    from iotscan.model.errors import BadInput
    from iotscan.report.registry import DOCUMENTS

    used = next((name for name, value in given.items() if value), "")
    if used and not _has_document(wanted):
        raise BadInput(f"{used} shapes the audit report, and none is asked for: add -f {','.join(DOCUMENTS)}, or some")


def _extras(stored: "Run", named: str, output: Path, given: dict[str, Any], brand: Path | None) -> "Extras":
    """What the options say, read and checked. Raises BadInput."""
    from iotscan.cli.authorship import read_edition, read_judgement, read_line
    from iotscan.cli.made_with import command_line
    from iotscan.cli.material import Extras
    from iotscan.data.brand import read_brand
    from iotscan.model.brand import Brand

    return Extras(
        brand=read_brand(brand) if brand is not None else Brand(),
        title=read_line(given["--title"], "--title"),
        is_final=given["--final"],
        recipients=tuple(read_line(name, "--recipient") for name in given["--recipient"] or ()),
        editions=tuple(read_edition(text) for text in given["--edition"] or ()),
        judgement=read_judgement(given["--judgement"]) if given["--judgement"] is not None else (),
        previous=_read_previous(given["--previous"], stored, output) if given["--previous"] else None,
        command_line=command_line(named, output, stored.id),
        output=output,
    )


def _read_previous(named: str, stored: "Run", output: Path) -> "Run":
    """The audit before this one. Raises BadInput for one that is not."""
    from iotscan.model.errors import BadInput
    from iotscan.model.run import read_moment
    from iotscan.store.runs import read_run

    earlier = read_run(named, output)
    if earlier.id == stored.id:
        raise BadInput(f"--previous is run {stored.id} itself: name the audit before it")
    if (earlier.command == "discover") != (stored.command == "discover"):
        raise BadInput("--previous is a list of devices and the run is an audit, or the other way round: name another")
    when = read_moment(earlier.started, f"'started' of run {earlier.id[:60]}")
    if when > read_moment(stored.started, f"'started' of run {stored.id[:60]}"):
        raise BadInput(f"--previous is run {earlier.id}, which is later than {stored.id}: name an earlier one")
    return earlier
