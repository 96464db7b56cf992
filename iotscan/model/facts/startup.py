"""What an image starts by itself: services at boot, and jobs by the clock."""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact, Ownership

StartedBy = Literal[
    "systemd", "sysv", "openrc", "procd", "inittab", "inetd", "xinetd", "runit", "s6", "script", "container"
]
PortSource = Literal["socket", "argument", "inetd", "exposed", "default"]


class Listener(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A port that a service opens, and what says so.

    ``source``: a socket unit, an argument, a line of inetd, a port that a container image exposes, or only the
    documented ``default`` of the program.
    ``address`` is empty where it listens on all of them.
    """

    transport: Literal["tcp", "udp"]
    port: int
    address: str = ""
    source: PortSource

    @property
    def faces_network(self) -> bool:
        """False for a port that only programs of the device itself can reach."""
        return not (self.address.startswith("127.") or self.address in ("::1", "localhost", "ip6-localhost"))


class StartedService(msgspec.Struct, frozen=True, kw_only=True):
    """One program that runs after a start of the device: what says so, as whom it runs, what holds it in."""

    name: str
    path: str
    """The file that describes it: a unit, an init script, a line of inittab or inetd.conf."""
    line: int = 0
    started_by: StartedBy
    enabled_by: str = ""
    """What makes it start: a link in ``*.wants``, in ``rc2.d``, in a runlevel."""
    program: str = ""
    """Empty where the file does not name one that can be read without running it."""
    arguments: tuple[str, ...] = ()
    """Names of options, places, addresses and ports; ``…`` for each word that may be a secret."""
    user: Answer[str]
    """Whom it is started as."""
    becomes: str = ""
    """Whom it changes to by itself, by an argument or as it documents; empty where nothing says so."""
    listeners: tuple[Listener, ...] = ()
    faces_network: Answer[bool]
    """A port says yes; a program that is known for none, or that does not import bind(2), says no."""
    sandbox: tuple[str, ...] = ()
    """What confines it, in the words of its file: ``ProtectSystem=strict``, ``NoNewPrivileges=yes``."""
    runs_once: bool = False
    """It ends by itself (``Type=oneshot``)."""


class StartedServices(Fact, frozen=True, kw_only=True, tag="started-services"):
    """Every service that one root file system starts at boot, masked and disabled ones left out."""

    per: ClassVar[Ownership] = "image"

    system: str
    """The init system: ``systemd``, ``openrc``, ``procd``, ``sysv``, ``busybox``, ``runit``, ``s6``;
    ``container`` for a container image."""
    services: tuple[StartedService, ...]
    not_seen: tuple[str, ...] = ()
    """What may start more and cannot be read off files: generators, scripts that decide as they run."""


class ScheduledJob(msgspec.Struct, frozen=True, kw_only=True):
    """A command that runs by the clock."""

    path: str
    line: int = 0
    when: str
    """The times as the file says them."""
    user: str
    command: str
    """Its programs and, as in :class:`StartedService`, what of their arguments is plainly no secret."""


class ScheduledJobs(Fact, frozen=True, kw_only=True, tag="scheduled-jobs"):
    """What cron and timers of one root file system run."""

    per: ClassVar[Ownership] = "image"

    jobs: tuple[ScheduledJob, ...]
