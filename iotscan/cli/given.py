"""What the command line itself says, as opposed to defaults and settings, and what it must not say."""

from collections.abc import Collection, Iterator

from typer._click.core import Context, Parameter, ParameterSource

from iotscan.model.errors import BadInput


def refuse_empty(ctx: Context) -> None:
    """Raise BadInput for an option without a word in it: ``--fail-on "$UNSET"`` would leave the gate open."""
    for parameter in _given(ctx):
        if parameter.param_type_name == "option" and ctx.params.get(parameter.name or "") == "":
            raise BadInput(f"{parameter.opts[0]} is empty: say what you mean, or leave it out")


def refuse_others(ctx: Context, allowed: Collection[str], why: str) -> None:
    """Raise BadInput for an option or argument, by its name in Python, that is given and not ``allowed``."""
    others = [parameter.opts[0] for parameter in _given(ctx) if parameter.name not in allowed]
    if others:
        raise BadInput(f"{why}: leave out {', '.join(others)}")


def _given(ctx: Context) -> Iterator[Parameter]:
    for parameter in ctx.command.params:
        if parameter.name and ctx.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE:
            yield parameter
