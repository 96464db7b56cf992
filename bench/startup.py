"""How long the program takes to say something about itself, against the libraries that it shows it with."""

import sys
from collections.abc import Mapping

from bench.measure import fastest
from bench.table import Row, milliseconds, times

TURNS = 15


def startup(env: Mapping[str, str]) -> list[Row]:
    """Start-up against ``import typer, rich``, and against a bare interpreter."""
    iotscan = (sys.executable, "-m", "iotscan")
    bare, libraries, version, overall, scan = fastest(
        (
            (sys.executable, "-c", "pass"),
            (sys.executable, "-c", "import typer, rich"),
            (*iotscan, "--version"),
            (*iotscan, "--help"),
            (*iotscan, "scan", "--help"),
        ),
        env,
        TURNS,
    )
    named = (("--version", version, "<= 1.5x"), ("--help", overall, "<= 1.5x"), ("scan --help", scan, ""))
    rows = [
        Row(
            what=f"iotscan {name}",
            measured=milliseconds(seconds),
            against=f"import typer, rich {milliseconds(libraries)}",
            ratio=times(seconds, libraries),
            target=target,
        )
        for name, seconds, target in named
    ]
    return [*rows, Row(what="bare interpreter", measured=milliseconds(bare))]
