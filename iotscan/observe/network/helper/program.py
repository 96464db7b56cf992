"""How the privileged programs are started here: by a process that may, or through a rule of root's."""

import socket
import sys
from pathlib import Path

import msgspec

FLAGS = ("-I", "-S", "-B")
"""Isolated: no environment, no user's or site's packages, nothing beside the program is imported or written."""
FOLDER = Path("/usr/local/libexec/iotscan")
RECORD = FOLDER / "installed.json"


class Unavailable(Exception):
    """There are no raw frames here, and why."""


class Installed(msgspec.Struct, frozen=True, kw_only=True):
    """What ``iotscan helper install`` made: for whom, with which interpreter, the hash of which programs.

    ``sha256`` is of the one that sends, ``listener_sha256`` of the one that listens, empty where it was not known yet,
    ``capture_sha256`` of the one that captures, empty where that was not asked for.
    """

    user: str
    python: str
    sha256: str
    listener_sha256: str = ""
    capture_sha256: str = ""


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


class Program(msgspec.Struct, frozen=True):
    """One of the programs that need raw sockets, by the name of its file."""

    file: str

    @property
    def source(self) -> Path:
        """Where it lies in the package."""
        return Path(__file__).with_name(self.file)

    @property
    def installed(self) -> Path:
        """Where root has put a copy."""
        return FOLDER / self.file

    def rule(self, python: str) -> tuple[str, ...]:
        """The one command that the rule of sudo allows, word by word."""
        return (python, *FLAGS, str(self.installed))

    def command(self) -> tuple[str, ...]:
        """The command line that starts it. Raises :class:`Unavailable`."""
        if may_open_raw():
            return (sys.executable, *FLAGS, str(self.source))
        if record := installed():
            if self is LISTENER and not record.listener_sha256:
                raise Unavailable("the helper that is installed cannot listen yet: sudo iotscan helper install")
            if self is CAPTURE and not record.capture_sha256:
                raise Unavailable(f"the helper that is installed cannot capture: {CAPTURE_NEXT}")
            return ("sudo", "-n", "--", *self.rule(record.python))
        if sys.platform != "linux":
            raise Unavailable("raw frames need Linux")
        if self is CAPTURE:
            raise Unavailable(f"raw frames need root, or once: {CAPTURE_NEXT}")
        raise Unavailable("raw frames need root, or once: sudo iotscan helper install")


SWEEPER = Program("raw_helper.py")
"""Sends questions of a closed list and hears the answers."""
LISTENER = Program("raw_listener.py")
"""Hears broadcasts and multicasts of a closed list, and can send nothing."""
CAPTURE = Program("raw_capture.py")
"""Hears all that passes an interface, and can send nothing. Installed only where that is asked for."""
CAPTURE_NEXT = "sudo iotscan helper install --capture"
PROGRAMS = (SWEEPER, LISTENER)
"""Those that every installation has."""
