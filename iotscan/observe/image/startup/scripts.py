"""Shell scripts that start things: what can be said of them without running them."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import msgspec

from iotscan.observe.image.startup.command import Command, fill_in, split, understand
from iotscan.observe.image.startup.programs import ends_at_once, is_daemon
from iotscan.observe.image.texts import LIMIT, is_text, not_beyond
from iotscan.observe.image.tree import Tree

_MOST_LINES = 20_000
_ASSIGNED = re.compile(r"^\s*(?:export\s+|readonly\s+|local\s+)?([A-Za-z_]\w*)=(\"[^\"]*\"|'[^']*'|[^\s;&|]*)")
_SOURCES = re.compile(r"(?:^|\s|;)(?:\.|source)\s+\S")
_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
_LEADS = re.compile(r"^(?:(?:then|do|else|if|while|&&|\|\||!|\{|\()\s+)+")
_NEVER = (
    "echo",
    "printf",
    "[",
    "test",
    "log_daemon_msg",
    "log_end_msg",
    "killall",
    "pidof",
    "kill",
    "rm",
    "case",
    "which",
)


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """A command that a script runs to start something."""

    command: Command
    line: int


def read_text(tree: Tree, path: str) -> str:
    """A file as text, empty where there is none or it is a program; of a script with a program in it the lines before.

    Raises Unreadable.
    """
    found = tree.find(path)
    if found is None or found.kind != "file":
        return ""
    data = tree.read(path, LIMIT)
    if not is_text(data[:4096]):
        return ""
    lines, nul, _ = data.partition(b"\0")
    return (lines if nul else tree.whole(path, LIMIT)).decode("utf-8", "replace")


def read_assignments(text: str, known: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """``NAME=value`` of a shell file, later ones over earlier ones; values that need running stay out."""
    variables: dict[str, str] = {}
    for line in not_beyond(text.splitlines(), _MOST_LINES, "lines of a script"):
        found = _ASSIGNED.match(line)
        if found and "$(" not in found[2] and "`" not in found[2]:
            value = found[2]
            quoted = value[:1] in "\"'" and len(value) > 1
            raw = value[1:-1] if quoted else value
            variables[found[1]] = raw if value[:1] == "'" else fill_in(raw, {**known, **variables})
    return variables


def joined_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a script without comments, those that end in a backslash put together; with their numbers."""
    pending, start = "", 0
    for number, raw in enumerate(not_beyond(text.splitlines(), _MOST_LINES, "lines of a script"), start=1):
        line = raw.strip()
        if line.startswith("#"):
            continue
        start = start or number
        if line.endswith("\\"):
            pending += line[:-1] + " "
            continue
        line, pending, first, start = (pending + line).strip(), "", start, 0
        if line:
            yield first, line


def programs_started(
    tree: Tree, text: str, known: Mapping[str, str], sourced: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Started]:
    """The daemons that a script starts: by start-stop-daemon, or by their own name or path.

    ``known`` are variables that it is given, ``sourced`` those of the files that it reads with ``.``. Which branch
    of it runs is not known: each program is given once, where it stands first.
    """
    known = dict(known)
    seen: set[str] = set()
    for number, line in joined_lines(text):
        assigned = _ASSIGNED.match(line)
        if assigned and assigned.end() == len(line.rstrip()):
            known |= read_assignments(line, known)
            continue
        if _SOURCES.search(line):
            known |= sourced
        for piece in re.split(r";;|;(?=\s)|\s&&\s|\s\|\|\s", line):
            command = _started(_LEADS.sub("", piece.strip()), known)
            program = located(tree, command)
            if not program or program in seen or ends_at_once(program, command.arguments):
                continue
            if is_daemon(program) or "start-stop-daemon" in piece:
                seen.add(program)
                yield Started(command=msgspec.structs.replace(command, program=program), line=number)


def _started(text: str, variables: Mapping[str, str]) -> Command:
    # The word of a case, as in ``start) telnetd ;;``.
    text = re.sub(r"^\"?[\w|*-]+\"?\)\s+", "", text)
    if "start-stop-daemon" in text:
        # As in reason="`start-stop-daemon …`".
        text = text[text.index("start-stop-daemon") :].rstrip("`\"') ")
    words = split(re.sub(r"\s\d?>{1,2}&?\s*\S+|\s&\s*$", " ", fill_in(text, variables)))
    if not words or words[0] in _NEVER:
        return Command()
    if words[0] == "daemon":
        # The function of Red Hat's /etc/init.d/functions.
        words = [w for w in words[1:] if not w.startswith(("--user", "--pidfile", "--check"))]
    return understand(words)


def located(tree: Tree, command: Command) -> str:
    """The path of a command's program, the plain name of an applet of BusyBox; empty where it is not there."""
    found = found_in(tree, command.program)
    return found or (command.program if command.is_applet and found_in(tree, "busybox") else "")


def found_in(tree: Tree, program: str) -> str:
    """The path of a program as a shell would find it, empty where it is not there."""
    if not program or any(sign in program for sign in "$`(){}*<>|"):
        return ""
    if "/" in program:
        return program if program.startswith("/") and tree.find(program) is not None else ""
    return next((p for f in _PATH if tree.find(p := posixpath.join(f, program)) is not None), "")
