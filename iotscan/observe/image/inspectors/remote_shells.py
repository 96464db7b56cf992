"""Shells that the start of an image gives to whoever comes: telnetd -l /bin/sh, nc -e, socat EXEC, knockd.

Sources: telnetd of BusyBox (``-l``: run this in place of login), nc(1), ncat(1), socat(1), knockd(1), bash(1)
(``/dev/tcp``).
"""

import posixpath
import re
from collections.abc import Iterable, Iterator

from iotscan.model.facts import RemoteShell, RemoteShells
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, all_missed
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.startup.boot_commands import BootCommand, boot_commands, start_of
from iotscan.observe.image.startup.reading import startup_of
from iotscan.observe.image.startup.words import NETCATS, shown_command
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_SHELLS = ("sh", "ash", "bash", "dash", "hush", "zsh", "ksh", "mksh")
_TELNETDS = ("telnetd", "in.telnetd", "utelnetd", "telnetd.netkit")
_RUNS_SHELL = re.compile(r"(?:EXEC|SYSTEM):[\"']?(?:/[\w./-]*/)?(?:a|ba|da)?sh\b", re.IGNORECASE)
_LISTENS = re.compile(r"(?:TCP|UDP|SCTP|OPENSSL|SSL|VSOCK)[46]?-L(?:ISTEN)?:", re.IGNORECASE)


def _inspect(tree: Tree) -> Heard:
    try:
        commands = boot_commands(tree)
        found = [shell for command in commands if (shell := _shell(tree, command)) is not None]
        found += _pipes(tree, commands)
        found += _inetd(tree)
    except Unreadable as error:
        return all_missed((RemoteShells,), AttemptStatus.UNREADABLE, Reason.UNREADABLE, f"remote shells: {error}")
    shells = tuple({(s.path, s.line, s.kind): s for s in found}.values())
    return Heard(facts=(RemoteShells(start=start_of(tree), shells=shells, commands=len(commands)),))


def _shell(tree: Tree, command: BootCommand) -> RemoteShell | None:
    argv = command.argv
    if not argv:
        return None
    name, rest = argv[0], argv[1:]
    text = " ".join(rest)
    if name in _TELNETDS and _is_shell(_value(rest, "-l")):
        return _made(tree, command, "open")
    if name in NETCATS and any(_is_shell(_value(rest, option)) for option in ("-e", "-c", "--exec", "--sh-exec")):
        return _made(tree, command, "open" if _listens(rest) else "reverse")
    if name == "socat" and _RUNS_SHELL.search(text):
        return _made(tree, command, "open" if _LISTENS.search(text) else "reverse")
    if name in _SHELLS and "-i" in rest and "/dev/tcp/" in text:
        return _made(tree, command, "reverse")
    if name == "knockd":
        return _made(tree, command, "knock")
    if _is_hidden(command.words[0]) and name not in (".", "..") and not command.words[0].startswith("./"):
        return _made(tree, command, "hidden")
    return None


def _is_hidden(path: str) -> bool:
    """True for an absolute path with a name that begins with a dot."""
    return path.startswith("/") and "/." in path and not re.search(r"/\.\.?(?:/|$)", path)


def _pipes(tree: Tree, commands: Iterable[BootCommand]) -> Iterator[RemoteShell]:
    """``mkfifo f; sh -i < f 2>&1 | nc -l 4444 > f``: a shell and a netcat in one pipeline."""
    parts: dict[tuple[str, int], list[BootCommand]] = {}
    for command in commands:
        parts.setdefault((command.path, command.pipeline), []).append(command)
    for pipeline in parts.values():
        netcat = next((c for c in pipeline if c.name in NETCATS), None)
        shell = next((c for c in pipeline if c.name in _SHELLS and "-i" in c.argv), None)
        if netcat is not None and shell is not None:
            yield _made(tree, netcat, "open" if _listens(netcat.argv[1:]) else "reverse")


def _inetd(tree: Tree) -> Iterator[RemoteShell]:
    for service in startup_of(tree).services:
        words = (service.program, *service.arguments)
        if service.started_by in ("inetd", "xinetd") and _is_shell(service.program):
            yield _made(tree, BootCommand(path=service.path, line=service.line, words=words), "open")


def _made(tree: Tree, command: BootCommand, kind: str) -> RemoteShell:
    return RemoteShell(
        path=tree.show(command.path),
        line=command.line,
        kind=kind,  # type: ignore[arg-type]  # every caller passes one of the literals
        program=safe_text(command.name, 60),
        shown=safe_text(shown_command(command.words), 160),
    )


def _value(words: tuple[str, ...], option: str) -> str:
    """What an option is given: ``-l /bin/sh``, ``-l/bin/sh``, ``-Fl /bin/sh``, ``--exec=sh``."""
    for place, word in enumerate(words):
        after = words[place + 1] if place + 1 < len(words) else ""
        if word == option:
            return after
        if option.startswith("--"):
            if word.startswith(f"{option}="):
                return word.partition("=")[2]
        elif word.startswith(option):
            return word[2:]
        elif re.fullmatch(rf"-[A-Za-z]+{option[1]}", word):
            return after
    return ""


def _listens(words: tuple[str, ...]) -> bool:
    return any(re.fullmatch(r"-[A-Za-z]*l[A-Za-z]*|--listen", word) for word in words)


def _is_shell(text: str) -> bool:
    return posixpath.basename(text.split(" ")[0]) in _SHELLS


INSPECTOR = Inspector(name="remote-shells", version=1, gives=(RemoteShells,), inspect=_inspect)
