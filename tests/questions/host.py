"""What a topic says of one of its machines: its daemons, how they are known to be up, and what their logs tell."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from tests.lan.network import Machine
from tests.lan.questions import KNOCK
from tests.questions.truth import QuestionDevice


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a host stands: its machine, what is true of it, a folder of its own, and the machine that scans."""

    machine: Machine
    true: QuestionDevice
    folder: Path
    scanner: Machine

    @property
    def address(self) -> str:
        """The first address of the machine."""
        return self.true.address

    def ask(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run somebody else's client where the scanner stands."""
        return self.scanner.run(*command)

    def accepts(self, *ports: int) -> bool:
        """Whether all these TCP ports accept."""
        places = repr([(self.address, port) for port in ports])
        return self.ask(sys.executable, "-I", "-c", KNOCK, places).returncode == 0

    def log(self) -> str:
        """All that the machine's daemons have written to standard output and error."""
        return self.machine.log.read_text("utf-8", "replace")


def accepts_its_ports(place: Place) -> bool:
    """Whether every TCP service of the truth accepts."""
    return place.accepts(*(int(s[4:]) for s in place.true.services if s.startswith("tcp/")))


def no_logins(place: Place) -> Mapping[str, int]:
    """A host without logins, or without a log of them."""
    return {}


def unharmed(place: Place) -> str:
    """A host that nothing can happen to."""
    return ""


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """One machine.

    ``name`` is ``host`` in its truth, ``start`` starts its daemons in the foreground (``place.machine.start``).
    ``is_ready`` is polled from then on. ``tools`` are commands that it needs -> apt package. ``logins`` reads the
    log-in attempts made so far out of the daemons' own logs: account -> count. ``harm`` says what has happened to
    the machine that no scan may do (a page printed, a crash, an account locked), or nothing; asked after every scan.
    """

    name: str
    start: Callable[[Place], None]
    is_ready: Callable[[Place], bool] = accepts_its_ports
    tools: Mapping[str, str] = {}
    logins: Callable[[Place], Mapping[str, int]] = no_logins
    harm: Callable[[Place], str] = unharmed
