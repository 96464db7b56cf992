"""With what a report is made: programs, libraries, the dates of the data, the command line of the scan."""

import platform
import shlex
from importlib import metadata
from pathlib import Path
from typing import Final

_LIBRARIES: Final = ("cryptography", "msgspec", "typst", "Jinja2")


def made_with(command_line: str = "") -> dict[str, str]:
    """Names and versions, in a fixed order. What is not installed is left out; ``command_line`` where there is one."""
    from iotscan import __version__

    made = {"iotscan that wrote this report": __version__, "Python": platform.python_version()}
    made |= {name: version for name in _LIBRARIES if (version := _version(name))}
    made |= _data()
    return made | ({"Command line of the scan": command_line} if command_line else {})


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _data() -> dict[str, str]:
    from iotscan.data.distrusted import DATED as DISTRUSTED
    from iotscan.data.end_of_life import our_end_of_life
    from iotscan.data.mozilla_roots import DATED as ROOTS
    from iotscan.data.oui import DATE as OUI

    return {
        "Makers of network interfaces (IEEE)": OUI,
        "Roots trusted by Mozilla": ROOTS.isoformat(),
        "Authorities that browsers distrust": DISTRUSTED.isoformat(),
        "Ends of security updates": our_end_of_life().date.isoformat(),
    }


def command_line(named: str, output: Path, run_id: str) -> str:
    """How the scan was started, as its audit log has it: without folders and secrets. Empty where there is none.

    ``named`` is the run as the user named it; a log of another run that lies beside it says nothing of this one.
    """
    import msgspec

    from iotscan.model.audit import Entry
    from iotscan.model.redaction import hide_secrets
    from iotscan.store.audit import NAME
    from iotscan.store.runs import find_run

    place = find_run(named, output)
    path = (place if place.is_dir() else place.parent) / NAME
    try:
        with path.open("rb") as file:
            begin = msgspec.json.decode(file.readline(1 << 20), type=Entry).begin
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    if begin is None or begin.run != run_id or not begin.caller.argv:
        return ""
    return hide_secrets(shlex.join(("iotscan", *begin.caller.argv)))
