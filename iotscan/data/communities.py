"""The file of ``--snmp-community-file``: which router may be asked for its neighbours, with which community.

One router a line, its address and its community, which is the rest of the line; ``#`` begins a comment line. Naming
the router keeps the community from being told to anybody else.
"""

from pathlib import Path
from typing import Final

import msgspec

from iotscan.model.errors import BadInput
from iotscan.model.scope import canonical
from iotscan.model.secret import Secret
from iotscan.model.text import safe_text

_OPTION: Final = "--snmp-community-file"
_LIMIT: Final = 64 * 1024
_ROUTERS: Final = 64
_LONGEST: Final = 255


class Router(msgspec.Struct, frozen=True, kw_only=True):
    """A router, and the community by which it tells whom it has met."""

    address: str
    community: Secret


def read_communities(path: Path) -> tuple[Router, ...]:
    """The routers of a file, each once. Raises BadInput, which never holds a community."""
    shown = safe_text(str(path), 200)
    try:
        with path.open("rb") as file:
            text = file.read(_LIMIT + 1).decode("utf-8")
    except OSError as error:
        raise BadInput(f"{_OPTION} {shown} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise BadInput(f"{_OPTION} {shown} is not UTF-8 text") from None  # its text would be in the cause
    found: dict[str, Router] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            router = _read(line, f"{_OPTION} {shown}, line {number}")
            found[router.address] = router
    if not found:
        raise BadInput(f"{_OPTION} {shown} names no router: write one a line, its address and its community")
    if len(found) > _ROUTERS or len(text) > _LIMIT:
        raise BadInput(f"{_OPTION} {shown} names more than {_ROUTERS} routers")
    return tuple(found.values())


def _read(line: str, where: str) -> Router:
    address, _, community = line.strip().partition(" ")
    community = community.strip()
    try:
        parsed = canonical(address)
    except ValueError:
        # Not the word itself: it may be the community, alone on its line.
        raise BadInput(f"{where}: begins with no address: write the router's address, then its community") from None
    if not 0 < len(community.encode()) <= _LONGEST or not community.isprintable():
        raise BadInput(f"{where}: has no community that an agent could know: write it behind the address")
    return Router(address=str(parsed), community=Secret(community))
