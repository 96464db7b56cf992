"""Services as the readers of init systems give them: raw words and paths of the tree, made safe only as facts."""

import posixpath
from collections.abc import Iterator

import msgspec

from iotscan.model.facts.startup import Listener, StartedBy


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """One started program. The fields are those of :class:`~iotscan.model.facts.StartedService`, unsafe."""

    name: str
    path: str
    line: int = 0
    started_by: StartedBy
    enabled_by: str = ""
    program: str = ""
    arguments: tuple[str, ...] = ()
    user: str | None = "root"
    """None where the file leaves it open."""
    sockets: tuple[Listener, ...] = ()
    """Ports that the init system opens for it."""
    sandbox: tuple[str, ...] = ()
    runs_once: bool = False

    @property
    def called(self) -> str:
        """The program's name without its folder."""
        return posixpath.basename(self.program)


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A command by the clock; unsafe, see :class:`~iotscan.model.facts.ScheduledJob`."""

    path: str
    line: int = 0
    when: str
    user: str
    command: str


class Startup(msgspec.Struct, frozen=True, kw_only=True):
    """What one root file system starts.

    ``problem`` says why that is not known: then ``services`` is empty and means nothing. ``is_unreadable`` tells
    files that could not be read from an init system that we do not know.
    """

    system: str = ""
    services: tuple[Service, ...] = ()
    jobs: tuple[Job, ...] = ()
    not_seen: tuple[str, ...] = ()
    problem: str = ""
    is_unreadable: bool = False

    def running(self, *programs: str) -> Iterator[Service]:
        """The started services that run one of these programs (names without folder: ``sshd``)."""
        return (service for service in self.services if service.called in programs)
