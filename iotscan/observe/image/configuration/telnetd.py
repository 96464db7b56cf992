"""telnetd, whose arguments say all: BusyBox's, that of inetutils and of netkit (telnetd(8))."""

from collections.abc import Iterator
from typing import Literal

from iotscan.model.facts import TelnetServer
from iotscan.observe.heard import Configured
from iotscan.observe.image.configuration.configured import Configuration
from iotscan.observe.image.startup.listening import listeners_of
from iotscan.observe.image.startup.service import Service
from iotscan.observe.image.tree import Tree

_PROGRAMS = ("telnetd", "in.telnetd", "inetutils-telnetd", "utelnetd")
_LOGIN = ("-l", "-L", "-E", "--exec-login")
_SHELLS = ("sh", "ash", "bash", "dash", "hush", "busybox", "cli", "msh")


def read(tree: Tree, service: Service) -> Iterator[Configured]:
    """One server for each port that others can reach."""
    for listener in listeners_of(service):
        if listener.faces_network and listener.transport == "tcp":
            yield Configured(
                fact=TelnetServer(banner="", asks=_asks(service.arguments)),
                path=service.path,
                line=service.line,
                service=f"tcp/{listener.port}",
            )


def _asks(words: tuple[str, ...]) -> Literal["login", "shell", "unknown"]:
    """What it runs for each who comes: ``-l /bin/sh`` is a shell, login(1) asks, of anything else nobody knows."""
    for place, word in enumerate(words):
        option = next((o for o in _LOGIN if word.startswith(o)), "")
        if option:
            given = word[len(option) :].lstrip("=") or (words[place + 1] if place + 1 < len(words) else "")
            program = given.split()[0].rpartition("/")[2] if given.split() else ""
            return "shell" if program in _SHELLS else "login" if program in ("login", "") else "unknown"
    return "login"


CONFIGURATION = Configuration(name="telnetd", version=1, programs=_PROGRAMS, gives=(TelnetServer,), read=read)
