"""How the raw helper is started here: by a process that may, or through the rule that root has made for it."""

import socket
import sys
from pathlib import Path

import msgspec

PROGRAM = Path(__file__).with_name("raw_helper.py")
FLAGS = ("-I", "-S", "-B")
"""Isolated: no environment, no user's or site's packages, nothing beside the program is imported or written."""
FOLDER = Path("/usr/local/libexec/iotscan")
INSTALLED = FOLDER / "raw_helper.py"
RECORD = FOLDER / "installed.json"


class Unavailable(Exception):
    """There are no raw frames here, and why."""


class Installed(msgspec.Struct, frozen=True, kw_only=True):
    """What ``iotscan helper install`` made: for whom, with which interpreter, the hash of which program."""

    user: str
    python: str
    sha256: str


def may_open_raw() -> bool:
    """Whether this process may open raw sockets itself: root, or a container's CAP_NET_RAW."""
    if sys.platform != "linux":
        return False
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
    except OSError:
        return False
    return True


def installed() -> Installed | None:
    """The record of the installation; None without one, or with one that cannot be read."""
    try:
        return msgspec.json.decode(RECORD.read_bytes(), type=Installed)
    except (OSError, msgspec.DecodeError):
        return None


def command() -> tuple[str, ...]:
    """The command line that starts the helper. Raises :class:`Unavailable`."""
    if may_open_raw():
        return (sys.executable, *FLAGS, str(PROGRAM))
    if record := installed():
        return ("sudo", "-n", "--", *rule(record.python))
    if sys.platform != "linux":
        raise Unavailable("raw frames need Linux")
    raise Unavailable("raw frames need root, or once: sudo iotscan helper install")


def rule(python: str) -> tuple[str, ...]:
    """The one command that the rule of sudo allows, word by word."""
    return (python, *FLAGS, str(INSTALLED))
