"""``iotscan audit``: whether the log of what a scan sent is whole."""

from typing import Annotated

import typer

from iotscan.cli import options as shared
from iotscan.cli.complete import complete_run

audit = typer.Typer(help="Check the log of what a scan sent.", no_args_is_help=True, rich_markup_mode=None)


@audit.command("verify")
def verify(
    run: Annotated[
        str, typer.Argument(metavar="RUN", autocompletion=complete_run, help="A run's folder, a run id, or 'latest'.")
    ],
    root: Annotated[
        str, typer.Option(metavar="HASH", help="The root as it was printed at the end of the scan and kept elsewhere.")
    ] = "",
    output_dir: shared.OutputDir = shared.OUTPUT,
) -> None:
    """Follow the hash chain of a run's audit log.

    Exits 0 when it is whole, 1 when it is broken, naming the line, and 2 where there is none.
    """
    import re

    from iotscan.model.errors import BadInput
    from iotscan.store.audit import NAME
    from iotscan.store.audit_verify import verify as check
    from iotscan.store.runs import NAME as RUN
    from iotscan.store.runs import find_run, read_run

    if root and not re.fullmatch(r"[0-9a-f]{64}", root):
        raise BadInput("--root is a hash of 64 digits 0-9 a-f, as the scan printed it")
    place = find_run(run, output_dir, holding=NAME)
    folder = place if place.is_dir() else place.parent
    recorded = read_run(str(folder), output_dir).audit_root if (folder / RUN).exists() else ""
    found = check(folder, root=root, recorded=recorded)
    counts = ", ".join(f"{kind} {count}" for kind, count in sorted(found.counts.items())) or "nothing sent"
    print(f"{'whole' if found.is_whole else 'BROKEN'}: {found.problem or found.path}")
    print(f"lines {found.lines} · run {found.status or 'not closed'} · {counts}")
    print(f"root {found.root}")
    for note in found.notes:
        print(note)
    raise typer.Exit(0 if found.is_whole else 1)
