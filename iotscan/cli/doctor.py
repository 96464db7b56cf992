"""``iotscan doctor``: whether this machine has what a scan needs."""

from typing import Annotated

import typer

from iotscan.cli import options as shared


def doctor(
    ctx: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Print the answers as JSON.")] = False,
    output_dir: shared.OutputDir = shared.OUTPUT,
) -> None:
    """Look at this machine: what is missing, what next.

    Versions, extras, networks, folders, settings, clock. Sends nothing to any network.
    Exit 3 where something is missing that the default scan needs; each line that is not ok says the next step.
    """
    import sys

    import msgspec

    from iotscan.cli.diagnosis import Place, diagnose

    given = ctx.find_root().params
    place = Place(output=output_dir, config=given.get("config"), look=not given.get("no_config"))
    findings = diagnose(place)
    if json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(findings), indent=2).decode() + "\n")
    else:
        width = max(len(f.name) for f in findings)
        for finding in findings:
            print(f"{finding.status:4}  {finding.name:{width}}  {finding.text}")
            if finding.next:
                print(f"{'':4}  {'':{width}}  next: {finding.next}")
    raise typer.Exit(3 if any(f.status == "fail" for f in findings) else 0)
