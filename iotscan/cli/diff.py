"""``iotscan diff``: what changed from one stored run to another, without the network."""

from typing import Annotated

import typer

from iotscan.cli import options as shared
from iotscan.cli.complete import complete_run
from iotscan.cli.stored import AsOf, Runs

OldRun = Annotated[
    str,
    typer.Argument(
        metavar="OLD",
        autocompletion=complete_run,
        help="A run file, its folder, a run id, 'latest', or a table (CSV) of devices.",
    ),
]
NewRun = Annotated[
    str,
    typer.Argument(metavar="NEW", autocompletion=complete_run, help="The later run, given in the same ways."),
]
ProfileOfBoth = Annotated[
    str,
    typer.Option(
        "--profile", metavar="NAME|FILE", help="Judge both by this one. Default: by that of NEW.", show_default=False
    ),
]
Format = Annotated[str, typer.Option("--format", "-f", metavar="FMT", help="text, json or md, to standard output.")]
Quietly = Annotated[bool, typer.Option("--quiet", "-q", help="Only the line with the counts.")]


def diff(
    old: OldRun,
    new: NewRun,
    profile: ProfileOfBoth = "",
    checks: shared.CheckFolders = None,
    as_of: AsOf = "",
    format: Format = "text",
    output_dir: Runs = shared.OUTPUT,
    quiet: Quietly = False,
) -> None:
    """Compare two runs: added, changed, fixed, unassessed.

    Touches no device. Of two lists of devices (iotscan discover) it says who is new, not seen, moved or changed.
    Runs that were judged by different profiles, checks or versions are judged again by the rules of NEW first.
    Exit codes: 0 they say the same, 1 they differ, 2 they cannot be compared.

    Example: iotscan diff iotscan-out/20261101T080000Z-3fa9c1 latest
    """
    import sys

    from iotscan.cli.one_rule import compared
    from iotscan.cli.pipe import tell, while_somebody_listens
    from iotscan.model.redaction import without_secrets
    from iotscan.model.run import read_moment
    from iotscan.report.difference import sentence, write
    from iotscan.scan.tables import read_list

    # A run file may come from elsewhere: what it hides is not known.
    runs = without_secrets((read_list(old, output_dir), read_list(new, output_dir)))
    told = compared(*runs, profile, checks or (), read_moment(as_of, "--as-of") if as_of else None)
    payload = write(told, format)
    if quiet:
        payload = sentence(told) + "\n"
    elif format != "text":
        tell(f"diff: {sentence(told)}")
    with while_somebody_listens():
        sys.stdout.flush()
        sys.stdout.buffer.write(payload.encode())
        sys.stdout.flush()
    raise typer.Exit(1 if told.differs else 0)
