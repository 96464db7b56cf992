"""Options that mean the same on every command."""

from pathlib import Path
from typing import Annotated

import typer

OUTPUT = Path("iotscan-out")
FailOn = Annotated[
    str,
    typer.Option(
        metavar="SEVERITY",
        help="Exit 1 on findings at or above: critical, high, medium, low; or none. Default: as the profile says.",
        show_default=False,
    ),
]
ProfileName = Annotated[str, typer.Option("--profile", metavar="NAME|FILE", help="What to check and how to judge it.")]
CheckFolders = Annotated[
    list[Path] | None, typer.Option("--checks", metavar="DIR", help="Further checks from a folder; repeatable.")
]
Include = Annotated[
    list[str] | None,
    typer.Option("--check", metavar="ID", help="Only these checks (id, alias, glob, element:NAME); repeatable."),
]
Exclude = Annotated[
    list[str] | None, typer.Option("--skip-check", metavar="ID", help="All but these checks; repeatable.")
]
Formats = Annotated[
    list[str] | None,
    typer.Option("--format", "-f", metavar="FMT[:PATH]", help="json or text, to PATH or standard output; repeatable."),
]
OutputDir = Annotated[Path, typer.Option("--output-dir", "-o", metavar="DIR", help="Where runs are kept.")]
Color = Annotated[str, typer.Option(metavar="WHEN", help="auto, always or never.")]
Width = Annotated[int, typer.Option(metavar="N", help="Columns of the terminal report; 0 asks the terminal.")]
Ascii = Annotated[bool, typer.Option("--ascii", help="No symbols beyond ASCII.")]
Quiet = Annotated[int, typer.Option("--quiet", "-q", count=True, help="-q: only the verdict; -qq: only the exit code.")]
ShowPassed = Annotated[bool, typer.Option("--show-passed", help="List the checks that passed, too.")]
NoProgress = Annotated[bool, typer.Option("--no-progress", help="No progress on standard error.")]
