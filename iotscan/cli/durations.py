"""How long something lasts, as a person writes it: ``90``, ``90s``, ``10m``, ``2h``, ``1d``."""

import re

from iotscan.model.errors import BadInput

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_WRITTEN = re.compile(r"([0-9]{1,9})\s*([smhd]?)")


def read_duration(option: str, given: str, most: float) -> float:
    """Seconds, more than none and at most ``most``. Raises BadInput."""
    found = _WRITTEN.fullmatch(given.strip().lower())
    if found is None:
        raise BadInput(f"{option} {given[:40]} is no time: write 90s, 10m, 2h")
    seconds = float(int(found[1]) * _UNITS[found[2]])
    if not 0 < seconds <= most:
        raise BadInput(f"{option} takes more than none and at most {most / 86_400:g} days")
    return seconds
