"""Commands whose options may be settled by the environment or by a file.

A flag always wins: the settings only stand in for the defaults, and the parser remembers which of them did.
What came from elsewhere is said in one line, because a file that was found may loosen a gate.
"""

from typing import Any

from typer._click.core import Context, ParameterSource
from typer.core import TyperCommand

from iotscan.cli.given import refuse_empty
from iotscan.cli.pipe import tell


class SettledCommand(TyperCommand):
    """A command that takes settings for the options that it has."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Read the settings, then the words. Raises BadInput for settings that cannot be used."""
        if not ctx.resilient_parsing and not {"-h", "--help"} & set(args):
            ctx.default_map = self._settle(ctx)
            if "--no-waivers" in args:
                # A flag that contradicts a setting wins over it like any other.
                ctx.default_map.pop("waivers", None)
        rest = super().parse_args(ctx, args)
        if not ctx.resilient_parsing:
            refuse_empty(ctx)
        return rest

    def invoke(self, ctx: Context) -> Any:
        """Say what did not come from a flag, then run."""
        if ctx.params.get("quiet", 0) < 2:
            _say_origins(ctx)
        return super().invoke(ctx)

    def _settle(self, ctx: Context) -> dict[str, Any]:
        from iotscan.cli.config import as_options, layers, merged

        given = ctx.find_root().params
        settled = merged(layers(given.get("config"), look=not given.get("no_config")))
        ctx.meta["iotscan.settled"] = settled
        _, command, *_ = *ctx.command_path.split(), ""
        return as_options(settled, command)


def _say_origins(ctx: Context) -> None:
    from iotscan.cli.config import options_of

    said: dict[str, list[str]] = {}
    for key, (_, origin) in ctx.meta.get("iotscan.settled", {}).items():
        if ParameterSource.DEFAULT_MAP in map(ctx.get_parameter_source, options_of(key)):
            said.setdefault(origin, []).append(key)
    if said:
        tell("settings from " + "; ".join(f"{origin}: {', '.join(keys)}" for origin, keys in said.items()))
