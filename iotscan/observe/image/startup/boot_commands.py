"""The commands that run when an image starts, read off its init scripts, units and the scripts that they call.

What each init system starts is known from :mod:`.declared`; here their files are read as text, so that a line of a
script can be told from a comment or a message. Nothing says that a line is reached: what stands on it is well
supported, not proved.
"""

import posixpath
import re
from collections.abc import Iterator

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.vocabulary import Reason
from iotscan.observe.image.shell import shell_commands
from iotscan.observe.image.startup.command import split
from iotscan.observe.image.startup.declared import declared_of
from iotscan.observe.image.startup.units import Units
from iotscan.observe.image.texts import LIMIT, is_text, texts_below
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_SHELLS = ("sh", "ash", "bash", "dash", "hush")
_ALWAYS = ("/etc/rc.local", "/etc/rc.d/rc.local", "/etc/rc", "/etc/init.d/rcS", "/etc/init.d/boot", "/etc/rc.sysinit")
_FOLDERS = (
    "/etc/uci-defaults",
    "/lib/preinit",
    "/etc/network/if-pre-up.d",
    "/etc/network/if-up.d",
    "/etc/udhcpc.d",
    "/usr/share/udhcpc",
    "/etc/NetworkManager/dispatcher.d",
    "/etc/ppp/ip-up.d",
    "/etc/hotplug.d",
)
"""Scripts of the first start, and those that run when the network comes up, which it does with every start."""
_EXECUTES = ("ExecStartPre", "ExecStart", "ExecStartPost")
_INTERPRETERS = (b"sh", b"openrc-run", b"runscript")
_MOST_SCRIPTS = 400
_CRONS = ("cron", "crond", "anacron", "fcron", "cronie", "dcron", "busybox-cron", "bcron-start", "systemd-cron")
_PART = re.compile(r"[A-Za-z0-9_-]+")
_LINES = 1 << 20
"""More than any file that is read has."""


class BootCommand(msgspec.Struct, frozen=True, kw_only=True):
    """A command, the file and line that say so.

    ``pipeline`` is the same for all parts of one pipeline of a file (see :mod:`..shell`); in files that are no script
    it is negative, another for each line.
    """

    path: str
    line: int
    words: tuple[str, ...]
    pipeline: int = 0

    @property
    def name(self) -> str:
        """The program without its folder; past ``busybox`` the applet."""
        return self.argv[0] if self.argv else ""

    @property
    def argv(self) -> tuple[str, ...]:
        """The words from the program on: no assignments, no ``exec``, ``nohup`` or ``busybox`` before it."""
        words = list(self.words)
        while words and (_is_set(words[0]) or posixpath.basename(words[0]) in ("exec", "nohup", "setsid", "busybox")):
            words.pop(0)
        if not words:
            return ()
        return (posixpath.basename(words[0]), *words[1:])


def boot_commands(tree: Tree) -> tuple[BootCommand, ...]:
    """Every command that the start of a tree may run; those of one file in its order. Raises Unreadable."""
    return tree.once(_read)


def start_of(tree: Tree) -> Answer[str]:
    """The init system; unanswered where it, and so what starts, is not known. Never raises."""
    startup = declared_of(tree)
    if startup.problem:
        return Answer.missing(Reason.UNREADABLE if startup.is_unreadable else Reason.NOT_OBSERVABLE, startup.problem)
    return Answer.of(startup.system)


def _read(tree: Tree) -> tuple[BootCommand, ...]:
    return tuple(_Gathering(tree).all())


class _Gathering:
    """Scripts are read once, however many things call them."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._done: set[str] = set()

    def all(self) -> Iterator[BootCommand]:
        startup = declared_of(self._tree)
        waiting = [*_ALWAYS]
        for folder in _FOLDERS:
            waiting += [path for path, _ in texts_below(self._tree, folder)]
        waiting += [s.path for s in startup.services if s.started_by not in ("systemd", "inittab", "inetd", "xinetd")]
        has_cron = any(service.name.partition(".")[0] in _CRONS for service in startup.services)
        for command in self._following([*self._of_units(), *self._of_services()], waiting):
            has_cron = has_cron or any(posixpath.basename(word) in _CRONS for word in command.words)
            yield command
        # A table that nobody reads runs nothing.
        jobs = [job for job in startup.jobs if has_cron or job.path.endswith(".timer")]
        yield from self._following([c for job in jobs for c in _in_line(job.path, job.line, job.command)], [])

    def _following(self, direct: list[BootCommand], waiting: list[str]) -> Iterator[BootCommand]:
        """These commands, those of ``waiting`` scripts, and of the scripts that any of them calls."""
        yield from direct
        waiting += [path for command in direct for path in self._called(command)]
        while waiting:
            if len(self._done) >= _MOST_SCRIPTS:
                raise Unreadable(f"its start runs more than {_MOST_SCRIPTS} scripts")
            for command in self._of_script(waiting.pop()):
                yield command
                waiting += self._called(command)

    def _of_services(self) -> Iterator[BootCommand]:
        startup = declared_of(self._tree)
        for service in startup.services:
            if service.program and service.started_by != "systemd":
                words = (service.program, *service.arguments)
                yield BootCommand(path=service.path, line=service.line, words=words, pipeline=-1 - service.line)

    def _of_units(self) -> Iterator[BootCommand]:
        """All that started units execute, and the units that they want: a socket's template wants others, too."""
        names = [s.name for s in declared_of(self._tree).services if s.started_by == "systemd"]
        if not names:
            return
        units = Units(self._tree)
        wanted = [w for n in names for key in ("Wants", "Requires") for w in units.load(n).words("Unit", key)]
        for name in dict.fromkeys((*names, *(w for w in wanted if w.endswith(".service")))):
            unit = units.load(name)
            if unit.is_masked:
                continue
            for key in _EXECUTES:
                for setting in unit.listed("Service", key):
                    words = tuple(split(setting.value.lstrip("@:+!|-")))
                    if words:
                        line = setting.line
                        yield BootCommand(path=setting.path, line=line, words=words, pipeline=-1 - line)
                        if posixpath.basename(words[0]) in _SHELLS and "-c" in words[1:-1]:
                            yield from _in_line(setting.path, line, words[words.index("-c") + 1])

    def _of_script(self, path: str) -> Iterator[BootCommand]:
        found = self._tree.find(path)
        if found is None or found.kind != "file" or found.path in self._done:
            return
        self._done.add(found.path)
        data = self._tree.read(found.path, LIMIT)
        first = data[:64].split(b"\n")[0]
        is_other = first.startswith(b"#!") and not any(word in first for word in _INTERPRETERS)
        if is_other or not is_text(data[:4096]):
            return
        # Behind the lines of a script that unpacks itself lies what it unpacks.
        lines, nul, _ = data.partition(b"\0")
        if not nul:
            lines = self._tree.whole(found.path, LIMIT)
        for command in shell_commands(lines.decode("utf-8", "replace")):
            yield BootCommand(path=path, line=command.line, words=command.words, pipeline=command.pipeline)

    def _called(self, command: BootCommand) -> list[str]:
        """The scripts among its words that the tree holds: ``/usr/bin/first-boot.sh``, ``sh /etc/x``, ``. /etc/y``."""
        argv = command.argv
        places = [w for w in command.words[:3] if w.startswith("/") and "$" not in w]
        is_read = bool(argv) and argv[0] in (*_SHELLS, ".", "source")
        if argv and "." in argv[0] and argv[0].endswith(".sh") and "/" not in "".join(command.words[:1]):
            places += [f"{folder}/{argv[0]}" for folder in ("/usr/bin", "/usr/sbin", "/bin", "/sbin")]
        if argv and argv[0] == "run-parts":
            places += [part for word in argv[1:] if word.startswith("/") for part in parts_of(self._tree, word)]
        return [p for p in places if p not in self._done and self._is_script(p, is_read=is_read)]

    def _is_script(self, path: str, *, is_read: bool) -> bool:
        """True for what begins as a script does; what a shell is given to read (``is_read``) needs not."""
        found = self._tree.find(path)
        if found is None or found.kind != "file" or found.path in self._done:
            return False
        begins = self._tree.read(found.path, 512)
        return begins.startswith(b"#!") or (is_read and b"\0" not in begins)


def parts_of(tree: Tree, folder: str) -> Iterator[str]:
    """What run-parts(8) runs of a folder: programs whose names have no dot in them, ``update`` and not ``update.sh``.

    Raises Unreadable.
    """
    for entry in tree.children(folder.rstrip("/")):
        found = tree.find(entry.path)
        if _PART.fullmatch(entry.name) and found is not None and found.kind == "file" and found.mode & 0o111:
            yield entry.path


def _in_line(path: str, line: int, text: str) -> Iterator[BootCommand]:
    """The commands of one line: of a crontab, of ``/bin/sh -c 'COMMANDS'``."""
    for found in shell_commands(text):
        pipeline = -1 - line - (found.pipeline + 1) * _LINES
        yield BootCommand(path=path, line=line, words=found.words, pipeline=pipeline)


def _is_set(word: str) -> bool:
    name, sign, _ = word.partition("=")
    return bool(sign) and name.isidentifier()
