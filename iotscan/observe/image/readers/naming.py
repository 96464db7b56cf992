"""What a part is called by what an image calls it: short, printable, and no path."""

import re

from iotscan.model.text import safe_text

_ODD = re.compile(r"[^\w.@+=-]")
_LONGEST = 40


def part_name(said: str | bytes, otherwise: str) -> str:
    """``said`` as the name of a part: what would read as a path or a place (``/``, ``:``) is an underscore."""
    return _ODD.sub("_", safe_text(said, _LONGEST)).strip(".") or otherwise


def distinct(names: list[str]) -> list[str]:
    """The names in their order; one that was there before has its number behind it."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name}.{seen[name]}")
    return found


def several(problems: list[str]) -> str:
    """Problems as one: the first, and how many more there are."""
    if len(problems) < 2:
        return "".join(problems)
    return f"{problems[0]}, and {len(problems) - 1:,} more"
