"""A daemon with a weak configuration, and what a change of it has to lead to."""

import contextlib
import shlex
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from string import Template
from typing import Final

import msgspec

from iotscan.model.device import Service
from iotscan.model.scope import Grants
from iotscan.model.vocabulary import Outcome
from tests.observe.network.daemons import HOST, free_port, running
from tests.ports import is_held
from tests.remedies.amending import filled

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
Shown = tuple[str, str]
"""A check and the way to fail it."""
CHAINS: Final[Mapping[str, tuple[Shown, ...]]] = {
    "leaf": (("certificate-chain-order", "incomplete"),),
    "shuffled": (("certificate-chain-order", "disordered"), ("certificate-chain-order", "root-sent")),
    "twice": (("certificate-chain-order", "repeated"),),
    "strange": (("certificate-chain-order", "unrelated"),),
}
"""What the workshop calls a chain that is wrong, and what is found of it."""


class Daemon(msgspec.Struct, frozen=True, kw_only=True):
    """How a program is run in the foreground on files below ``$root``, and what a client of it says.

    ``commands`` are those of a record that need other words here: the file named, a password that nobody can type.
    """

    needs: Mapping[str, str]
    """Commands -> Debian package."""
    run: str
    commands: Mapping[str, str] = {}
    client: str
    """A shell line of a foreign client; it ends with 0 where the daemon serves."""


class Weakness(msgspec.Struct, frozen=True, kw_only=True):
    """One weak configuration: which change mends it, and which findings it shows before.

    Texts are templates: ``$root``, ``$host``, a port by its name in ``ports``, and the names of the workshop. The
    questions are put to the ports of ``before``, and afterwards to those of ``then``. ``meets`` are words of the record
    that stand for something else here: well known ports.
    """

    name: str
    daemon: Daemon
    remedy: str
    shows: tuple[Shown, ...]
    files: Mapping[str, str]
    ports: Mapping[str, str]
    """Name of a port -> ``tcp https``: what is spoken there."""
    before: tuple[str, ...]
    then: tuple[str, ...]
    fill: Mapping[str, str] = {}
    meets: Mapping[str, str] = {}
    client: str = ""
    """Instead of the daemon's, where the change asks more of clients."""
    ends: Outcome = Outcome.PASS
    """``not_applicable`` for a question that nobody is asked once nothing answers any more."""
    grants: Grants = Grants()
    beside: tuple[str, ...] = ()
    """Checks of every scan whose facts those in ``shows`` take into account."""


class Stand(msgspec.Struct, frozen=True, kw_only=True):
    """A weakness with its folder and its ports."""

    weakness: Weakness
    root: Path
    names: Mapping[str, str]

    def text(self, template: str) -> str:
        return Template(template).safe_substitute(self.names)

    def services(self, which: tuple[str, ...]) -> tuple[Service, ...]:
        made = ((*self.weakness.ports[name].split(), int(self.names[name])) for name in which)
        return tuple(Service(transport=t, protocol=p, port=port) for t, p, port in made)

    @contextlib.contextmanager
    def run(self, which: tuple[str, ...]) -> Iterator[None]:
        services = self.services(which)
        daemon = self.weakness.daemon

        def is_ready() -> bool:
            return all(is_held(s.transport, s.port) for s in services)

        with running(self.words(daemon.run), is_ready, cwd=self.root):
            yield

    def bring_into_force(self, apply: Iterable[str], fill: Mapping[str, str]) -> None:
        """Run the commands of a record but those for systemd, on the files that are here."""
        for line in apply:
            if not line.startswith("systemctl "):
                command = self.weakness.daemon.commands.get(line) or line.replace("/etc/", "$root/etc/")
                self.shell(filled(command, fill))

    def words(self, template: str) -> list[str]:
        return shlex.split(self.text(template))

    def shell(self, line: str) -> str:
        """Run a line to its good end and return what it printed."""
        done = subprocess.run(
            ["bash", "-c", self.text(line)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=30,
            env={"PATH": PATH},
            cwd=self.root,
            check=False,
        )
        said = done.stdout.decode("utf-8", "replace")
        assert done.returncode == 0, f"{self.text(line)}\n{said}"
        return said


def stand(weakness: Weakness, root: Path, names: Mapping[str, str]) -> Stand:
    """Write the weak configuration below ``root``."""
    ports = {name: str(free_port()) for name in weakness.ports}
    made = Stand(weakness=weakness, root=root, names={**names, "root": str(root), "host": HOST, **ports})
    for name, text in weakness.files.items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made.text(text))
    return made
