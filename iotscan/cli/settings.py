"""``iotscan config``: what is set, where each value comes from, and a file to begin with."""

from pathlib import Path
from typing import Annotated, Any

import typer

config = typer.Typer(
    help="Show settings and their origin; print a file to begin with.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
DEFAULT = "default"
TEMPLATE = """\
# Settings of iotscan for this folder and what lies below it. Flags and IOTSCAN_* variables are stronger.
# Paths are relative to this file. What may be touched, with whose credentials, is never read from here.
schema: iotscan/config@1

# What to check and how to judge it: a name (iotscan profiles list) or a file.
profile: default
{gate}
output:
  dir: iotscan-out
{formats}
#exclude: [192.0.2.66, 192.0.2.128/28]   # never touched
#network: {{timeout: 2.0, deadline: 0, max_hosts: 4096}}   # seconds, seconds, addresses
"""
_GATE = "\n# The gate: critical, high, medium, low, info or none.\n"
PLAIN = {
    "gate": _GATE + "#fail_on: high\n#incomplete: fail   # fail, warn, ignore",
    "formats": "  #formats: [json:iotscan.json]   # FMT:PATH",
}
CI = {
    "gate": _GATE + "fail_on: high\nincomplete: fail   # fail, warn, ignore",
    "formats": "  formats: [json:iotscan-out/iotscan.json]   # FMT:PATH",
}


@config.command("show")
def show(
    ctx: typer.Context,
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value comes from.")] = False,
    format: Annotated[str, typer.Option("--format", "-f", metavar="FMT", help="text or json.")] = "text",
) -> None:
    """Show every setting as a command started here would see it. Sends nothing."""
    import sys

    import msgspec

    from iotscan.cli.config import OPTIONS, merged
    from iotscan.model.errors import BadInput

    if format not in ("text", "json"):
        raise BadInput(f"config show knows the formats text and json, not '{format[:40]}'")
    settled = merged(_layers(ctx))
    rows = {
        key: settled.get(key, (None, DEFAULT)) for key in OPTIONS if key in settled or _is_option(ctx, OPTIONS[key])
    }
    if format == "json":
        shown = {key: {"value": value, "origin": place} for key, (value, place) in rows.items()}
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(shown), indent=2).decode() + "\n")
        return
    width = max(map(len, rows))
    for key, (value, place) in rows.items():
        word = "-" if place == DEFAULT else msgspec.json.encode(value).decode()
        print(f"{key:{width}}  {word}{f'  ({place})' if origin else ''}")


@config.command("path")
def path(ctx: typer.Context) -> None:
    """Print the files of settings that count here.

    The strongest first.
    """
    for layer in _layers(ctx):
        if layer.path is not None:
            print(layer.path)


@config.command("init")
def init(
    ci: Annotated[bool, typer.Option("--ci", help="For a pipeline: with a gate and a file of results.")] = False,
) -> None:
    """Print a file to begin with.

    Example: iotscan config init --ci > iotscan.yaml
    """
    print(TEMPLATE.format(**(CI if ci else PLAIN)), end="")


def _layers(ctx: typer.Context) -> Any:
    from iotscan.cli.config import layers

    given = ctx.find_root().params
    named: Path | None = given.get("config")
    return layers(named, look=not given.get("no_config"))


def _is_option(ctx: typer.Context, name: str) -> bool:
    """Whether some command has the option that a setting stands for."""
    commands: dict[str, Any] = getattr(ctx.find_root().command, "commands", {})
    return any(p.name == name for command in commands.values() for p in command.params)
