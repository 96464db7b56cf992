"""``iotscan schema`` and ``iotscan validate``: what our files may say, and whether one does."""

from pathlib import Path
from typing import Annotated

import typer

from iotscan.cli.complete import complete_kind


def schema(
    kind: Annotated[
        str,
        typer.Argument(metavar="KIND", help="Which file; without one they are listed.", autocompletion=complete_kind),
    ] = "",
) -> None:
    """Print the JSON Schema of a kind of file.

    For editors and pipelines. Sends nothing.
    """
    from iotscan.cli.kinds import KINDS
    from iotscan.cli.schemas import text_of
    from iotscan.data.typed_yaml import nearest, shown
    from iotscan.model.errors import BadInput

    known = {name: one for name, one in KINDS.items() if one.written}
    if not kind:
        width = max(map(len, known))
        for name, one in known.items():
            print(f"{name:{width}}  {one.schema}: {one.about}")
        return
    if kind not in known:
        raise BadInput(f"there is no kind of file '{shown(kind)}'{nearest(kind, list(known))}")
    print(text_of(known[kind]), end="")


def validate(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE", help="Settings, profiles, waivers, scopes, runs.")],
) -> None:
    """Read files of ours as the commands would.

    Each by its key 'schema'. Sends nothing, changes nothing.
    Exit 2 where one cannot be used: one line for each, with file, line and the nearest right word.
    """
    from iotscan.cli.kinds import kind_at
    from iotscan.cli.pipe import tell
    from iotscan.model.errors import BadInput

    bad = 0
    for path in paths:
        try:
            kind = kind_at(path)
            kind.check(path)
        except BadInput as error:
            bad += 1
            tell(f"iotscan: {error}")
        else:
            print(f"{path}: {kind.schema}")
    raise typer.Exit(2 if bad else 0)
