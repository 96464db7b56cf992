"""What is opened on terminals: inittab(5), the gettys of systemd, shells that scripts put on a line.

Sources: BusyBox ``init/init.c`` (what it does without inittab), agetty(8), getty of BusyBox, login(1), systemd's
debug-shell.service and serial-getty@.service, OpenWrt ``/usr/libexec/login.sh`` (``ttylogin`` of /etc/config/system).
"""

import posixpath
import re
from collections.abc import Iterator, Sequence

import msgspec

from iotscan.model.facts import Console, Consoles
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, all_missed
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.shell import shell_commands
from iotscan.observe.image.startup.boot_commands import boot_commands, start_of
from iotscan.observe.image.startup.command import split
from iotscan.observe.image.startup.reading import startup_of
from iotscan.observe.image.startup.units import Unit, Units
from iotscan.observe.image.texts import lines_of, not_beyond
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_SHELLS = ("sh", "ash", "bash", "dash", "hush", "zsh", "ksh", "mksh")
_GETTYS = ("getty", "agetty", "mingetty", "fgetty", "mgetty", "start_getty", "ttyrun", "ngetty", "cttyhack")
_ACTIONS = ("respawn", "askfirst", "askconsole", "once", "wait", "ondemand", "respawnlate", "askconsolelate")
_UNIT = re.compile(r"(?:serial-getty@|getty@|autovt@|console-getty|container-getty@|debug-shell)[^/]{0,80}\.service")
_FLAGS = "8ciJLmNnpRsUwh"
"""Options of agetty(8) and of BusyBox's getty that take no word, and may stand before one that does: ``-nl``."""
_ASKS_NO_NAME = re.compile(rf"-[{_FLAGS}]*n[{_FLAGS}]*[laofHtIdE]?")
_MOST_LINES = 2000
_ON_TERMINAL = ("tty", "tty-force", "tty-fail")
_TERMINAL = re.compile(r"/dev/(tty[A-Za-z]*\d*|console|ttymxc\d+|hvc\d+)")


class _Opened(msgspec.Struct, frozen=True, kw_only=True):
    login: str
    user: str
    program: str


def _inspect(tree: Tree) -> Heard:
    try:
        found = (*_inittab(tree), *_units(tree), *_scripts(tree))
        securetty = lines_of(tree, "/etc/securetty")
    except Unreadable as error:
        return all_missed((Consoles,), AttemptStatus.UNREADABLE, Reason.UNREADABLE, f"consoles: {error}")
    named = [safe_text(line.strip(), 40) for line in securetty or [] if line.strip() and line[0] != "#"]
    consoles = tuple(msgspec.structs.replace(c, path=tree.show(c.path)) for c in dict.fromkeys(found))
    fact = Consoles(
        start=start_of(tree),
        consoles=consoles,
        root_terminals=tuple(named[:64]) if securetty is not None else None,
    )
    return Heard(facts=(fact,))


def _inittab(tree: Tree) -> Iterator[Console]:
    lines = lines_of(tree, "/etc/inittab")
    startup = startup_of(tree)
    if startup.system == "systemd":
        return
    if lines is None:
        if tree.is_named("/etc/inittab"):
            raise Unreadable("/etc/inittab is a link that leads nowhere")
        if startup.system == "busybox":
            yield Console(path="/sbin/init", started_by="default", program="/bin/sh", login="none", user="root")
        return
    for number, line in enumerate(not_beyond(lines, _MOST_LINES, "lines of /etc/inittab"), start=1):
        fields = line.split(":", 3)
        if line.startswith("#") or len(fields) < 4 or fields[2] not in _ACTIONS:
            continue
        words = split(fields[3].strip().lstrip("-+@"))
        opened = _opened(tree, words)
        if opened is not None:
            terminal = "" if fields[0].isdecimal() else fields[0]
            yield _console("/etc/inittab", number, "inittab", opened, _terminal(words) or terminal)


def _units(tree: Tree) -> Iterator[Console]:
    startup = startup_of(tree)
    if startup.system != "systemd":
        return
    units = Units(tree)
    started = {s.name for s in startup.services}
    # The getty generator makes instances for what the kernel was given as console: the template tells of them.
    names = [n for n in started if _UNIT.fullmatch(n) or _is_on_terminal(units, n)]
    names += ["serial-getty@.service"]
    names += [n.removesuffix(".d") for n in units.named(".service.d") if _UNIT.fullmatch(n.removesuffix(".d"))]
    for name in sorted(set(names)):
        unit = units.load(name)
        is_wanted = name in started or name.startswith(("serial-getty@", "getty@", "console-getty"))
        if unit.path and not unit.is_masked and is_wanted:
            yield from _of_unit(tree, unit)


def _is_on_terminal(units: Units, name: str) -> bool:
    """True for a service that is given a terminal to talk to (systemd.exec(5), ``StandardInput=``)."""
    return name.endswith(".service") and units.load(name).value("Service", "StandardInput") in _ON_TERMINAL


def _of_unit(tree: Tree, unit: Unit) -> Iterator[Console]:
    starts = unit.listed("Service", "ExecStart")
    if not starts:
        return
    setting = starts[-1]
    opened = _opened(tree, split(setting.value.lstrip("@:+!|-")))
    if opened is not None:
        terminal = unit.instance or unit.value("Service", "TTYPath").removeprefix("/dev/")
        yield _console(setting.path, setting.line, "systemd", opened, "" if "%" in terminal else terminal)


def _scripts(tree: Tree) -> Iterator[Console]:
    """``sh </dev/ttyS0 >/dev/ttyS0``, ``getty -n -l /bin/sh`` in a script of the start or a run file."""
    for command in boot_commands(tree):
        argv = command.argv
        if not argv or command.path.endswith((".service", "/inittab")):
            continue
        is_getty = argv[0] in _GETTYS
        if is_getty or (argv[0] in _SHELLS and _terminal(command.words) and not _runs_something(argv[1:])):
            opened = _opened(tree, list(argv))
            if opened is not None:
                yield _console(command.path, command.line, "script", opened, _terminal(command.words))


def _console(path: str, line: int, by: str, opened: _Opened, terminal: str) -> Console:
    return Console(
        path=path,
        line=line,
        terminal=safe_text(terminal, 40),
        started_by=by,  # type: ignore[arg-type]  # every caller passes one of the literals
        program=safe_text(opened.program, 100),
        login=opened.login,  # type: ignore[arg-type]  # _opened gives one of the literals
        user=safe_text(opened.user, 64),
    )


def _terminal(words: Sequence[str]) -> str:
    for word in words:
        match = _TERMINAL.search(word)
        if match:
            return match[1]
    return next((w for w in words if re.fullmatch(r"tty[A-Za-z]{1,6}\d+", w)), "")


def _runs_something(arguments: Sequence[str]) -> bool:
    """A shell that is given a script or a command is no shell for a person."""
    plain = [a for a in arguments if not a.startswith("-") and not a.startswith(("<", ">", "/dev/")) and a not in "012"]
    return any(a == "-c" for a in arguments) or bool(plain)


def _opened(tree: Tree, words: list[str], depth: int = 0) -> _Opened | None:
    """What a command opens on a terminal; None where it is no login and no shell."""
    while words and (posixpath.basename(words[0]) in ("exec", "setsid", "cttyhack", "busybox") or "=" in words[0]):
        words = words[1:]
    if not words:
        return None
    name, rest = posixpath.basename(words[0]).lstrip("-"), words[1:]
    if name in _GETTYS:
        return _getty(tree, words[0], rest, depth)
    if name == "su":
        # Init is root, and root is asked for no password.
        whom = next((word for word in rest if not word.startswith("-")), "root")
        return None if "-c" in rest else _Opened(login="automatic", user=whom, program=words[0])
    if name == "login":
        user = _after(rest, ("-f",))
        return _Opened(login="automatic" if user is not None else "asks", user=user or "", program=words[0])
    if name in ("sulogin", "systemd-sulogin-shell"):
        return _Opened(login="asks", user="root", program=words[0])
    if name in _SHELLS:
        if not _runs_something(rest):
            return _Opened(login="none", user="root", program=words[0])
        given = next((a for a in rest if not a.startswith("-")), "")
        if "-c" in rest:
            return _first_open(tree, given, depth)
        return _script(tree, given, depth)
    return _script(tree, words[0], depth)


def _getty(tree: Tree, program: str, options: list[str], depth: int) -> _Opened:
    user = _after(options, ("-a", "--autologin", "--loginuser"))
    if user is not None:
        return _Opened(login="automatic", user=user, program=program)
    asks_no_name = any(w == "--skip-login" or _ASKS_NO_NAME.fullmatch(w) for w in options)
    instead = _after(options, ("-l", "--login-program"))
    if instead is not None and posixpath.basename(instead) in _SHELLS:
        return _Opened(login="none", user="root", program=instead)
    if instead is not None and (opened := _script(tree, instead, depth)) is not None:
        return opened
    given = _after(options, ("-o", "--login-options")) or ""
    if asks_no_name and re.search(r"(?:^|\s)-f\s*(\S+)", given):
        user = re.split(r"-f\s*", given)[-1].split(" ")[0]
        return _Opened(login="automatic", user=user, program=program)
    return _Opened(login="asks", user="", program=program)


def _after(words: list[str], options: tuple[str, ...]) -> str | None:
    """The value of an option: ``-a root``, ``-aroot``, ``--autologin=root``; None where it is not given."""
    for place, word in enumerate(words):
        name, has_value, value = word.partition("=")
        if name in options and has_value:
            return value
        if word in options:
            return words[place + 1] if place + 1 < len(words) else ""
        short = next((o for o in options if len(o) == 2 and word.startswith(o) and not word.startswith("--")), "")
        if any(len(o) == 2 and re.fullmatch(rf"-[{_FLAGS}]+{o[1]}", word) for o in options):
            return words[place + 1] if place + 1 < len(words) else ""
        if short and len(word) > 2:
            return word[2:]
    return None


def _script(tree: Tree, path: str, depth: int) -> _Opened | None:
    """A script in the place of a login: what it ends in. OpenWrt's asks only where ``ttylogin`` is set."""
    if depth > 2 or not path.startswith("/") or (found := tree.find(path)) is None or found.kind != "file":
        return None
    if found.size > 64 * 1024 or tree.read(path, 2) != b"#!":
        return None
    if path == "/usr/libexec/login.sh":
        asks = any(re.search(r"option\s+ttylogin\s+'?1", line) for line in lines_of(tree, "/etc/config/system") or [])
        return _Opened(login="asks" if asks else "none", user="" if asks else "root", program=path)
    opened = _first_open(tree, tree.read(path, 64 * 1024).decode("utf-8", "replace"), depth)
    return msgspec.structs.replace(opened, program=path) if opened is not None else None


def _first_open(tree: Tree, text: str, depth: int) -> _Opened | None:
    """What the commands of a script open: the first that asks for nothing, else the first that asks."""
    if depth > 2:
        return None
    opened = [_opened(tree, list(c.words), depth + 1) for c in shell_commands(text) if c.name != "echo"]
    known = [o for o in opened if o is not None]
    return next((o for o in known if o.login != "asks"), known[0] if known else None)


INSPECTOR = Inspector(name="consoles", version=1, boots=True, gives=(Consoles,), inspect=_inspect)
