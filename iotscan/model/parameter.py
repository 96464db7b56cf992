"""What a profile may tell a check: named values, each declared by its check with kind, default and sentence."""

from typing import Literal

import msgspec

Value = bool | int | float | str | list[int | str] | dict[str, list[int | str] | int]
"""What may stand for a parameter in a profile."""
ParameterKind = Literal[
    "integer", "number", "text", "boolean", "texts", "ports", "ports by name", "integers by name", "texts by name"
]  # fmt: skip
"""Which values fit. ``integer`` and ``number`` are not negative; ``ports`` is a list of 1 to 65535; ``ports by name``
maps a glob over what a device calls itself to such a list, ``integers by name`` a name to a whole number, ``texts by
name`` one to a list of texts."""


class ParameterInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter of a check. ``default`` None: nothing is given unless a profile does."""

    kind: ParameterKind
    title: str
    """What it says, a sentence without a full stop."""
    default: Value | None = None
    unit: str = ""
    """``days``, ``bits`` … empty where there is none."""

    @property
    def shown(self) -> str:
        """The default as a person reads it: ``398 days``, ``none``."""
        if self.default is None:
            return "none"
        text = ", ".join(map(str, self.default)) if isinstance(self.default, list) else str(self.default)
        return f"{text or 'empty'} {self.unit}".strip()
