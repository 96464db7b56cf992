"""``iotscan checks`` and ``iotscan explain``: what is asked, why, and how to write a question of your own."""

from pathlib import Path
from typing import Annotated

import typer

from iotscan.cli import options as shared
from iotscan.cli.complete import complete_check

checks = typer.Typer(help="List, show, write and lint checks.", no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(metavar="CHECK", autocompletion=complete_check, help="A check's id or alias.")]
ProgramName = Annotated[
    str,
    typer.Option(
        "--program", metavar="NAME", help="Only the exact changes of this program: nginx, openssh, mosquitto …"
    ),
]
ElementName = Annotated[
    str, typer.Option("--element", metavar="NAME", help="hardware, updates, communication, keys or cloud.")
]


@checks.command("list")
def list_checks(
    element: ElementName = "",
    folders: shared.CheckFolders = None,
    format: Annotated[str, typer.Option("--format", "-f", metavar="FMT", help="text or json.")] = "text",
) -> None:
    """List the checks: severity, id, element, what holds when it is good."""
    import sys

    import msgspec

    from iotscan.assess.registry import load_checks
    from iotscan.cli.scaffold import read_element
    from iotscan.model.errors import BadInput

    if format not in ("text", "json"):
        raise BadInput(f"checks list knows the formats text and json, not '{format[:40]}'")
    wanted = read_element(element) if element else None
    infos = [c.info for c in load_checks(tuple(folders or ())).checks if wanted in (None, c.info.element)]
    if format == "json":
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(infos), indent=2).decode() + "\n")
        return
    width = max((len(i.id) for i in infos), default=0)
    for info in infos:
        pack = "" if info.pack == "iotscan" else f"  [{info.pack}]"
        print(f"{info.severity.value:8}  {info.id:{width}}  {info.element.value:13}  {info.title}{pack}")


@checks.command("show")
def show(check: Name, folders: shared.CheckFolders = None) -> None:
    """Show one check, as iotscan explain does."""
    explain(check, folders)


def explain(check: Name, folders: shared.CheckFolders = None, program: ProgramName = "") -> None:
    """Explain a check: what, why, how to fix, clauses.

    What it looks at, why that matters, the ways to fail, what can be set in a profile, and the exact changes of known
    programs that were proved to repair it. Every finding names its check.
    """
    from difflib import get_close_matches

    from iotscan.assess.registry import load_checks
    from iotscan.data.remedies import load_programs
    from iotscan.model.errors import BadInput
    from iotscan.report.changes import changes
    from iotscan.report.explain import explain as page

    programs = load_programs()
    if program and program not in {p.name for p in programs}:
        known = ", ".join(p.name for p in programs)
        raise BadInput(f"nothing is proved of a program '{program[:60]}': known are {known}")

    pack = load_checks(tuple(folders or ()))
    found = pack.by_id(check)
    if found is None:
        near = get_close_matches(check, pack.ids, n=1) or [i for i in pack.ids if check and check.lower() in i]
        hint = f"did you mean '{near[0]}'?" if near else "iotscan checks list shows them all"
        raise BadInput(f"there is no check '{check[:60]}': {hint}")
    print(page(found.info, proved=changes(programs, found.info.id, program)))


@checks.command("new")
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The id: a neutral noun such as tls-versions.")],
    element: ElementName,
    directory: Annotated[
        Path, typer.Option("--dir", metavar="DIR", help="Where checks/ and tests/ are made.")
    ] = Path(),
) -> None:
    """Write a new check and its three samples, ready to be filled in."""
    from iotscan.cli.scaffold import scaffold

    for path in scaffold(name, element, directory):
        print(path)


@checks.command("lint")
def lint(
    folders: Annotated[
        list[Path] | None, typer.Argument(metavar="DIR", help="Folders of checks; without one, those of iotscan.")
    ] = None,
) -> None:
    """Hold checks to the house rules: headings, clauses, names, purity. Exits 1 on a complaint."""
    from iotscan.assess.lint import lint_folder
    from iotscan.shipped import shipped

    complaints = [c for folder in folders or [shipped("checks")] for c in lint_folder(folder)]
    for complaint in complaints:
        print(complaint)
    raise typer.Exit(1 if complaints else 0)
