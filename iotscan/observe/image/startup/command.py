"""Command lines as init files write them: words, variables, and the wrappers a daemon is started through."""

import posixpath
import re
import shlex
from collections.abc import Mapping, Sequence

import msgspec

_LINE = 8192
_DEPTH = 8
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::?[-=]([^${}]*))?\}|(\w+))")
_ASSIGNMENT = re.compile(r"\w+=")
_SHELLS = ("sh", "ash", "bash", "dash", "hush")
_TAKES_VALUE = {
    "nice": ("-n", "--adjustment"),
    "ionice": ("-c", "-n"),
    "chrt": ("-p",),
    "taskset": (),
    "setpriv": (),
    "timeout": ("-s", "-k"),
    "env": ("-u", "-C"),
    "stdbuf": ("-i", "-o", "-e"),
    "chpst": ("-u", "-U", "-e", "-/", "-n", "-l", "-L", "-m", "-d", "-o", "-p", "-f", "-c", "-r", "-t"),
    "softlimit": ("-m", "-d", "-s", "-l", "-a", "-o", "-p", "-f", "-c", "-r", "-t"),
    "start-stop-daemon": (),
}
"""Programs that run another one, with those of their options that take a word. ``taskset`` takes a mask first."""
_PLAIN_WRAPPERS = ("exec", "command", "nohup", "setsid", "time", "cgexec", "fdmove", "with-contenv", "execlineb")
_USER_WRAPPERS = ("s6-setuidgid", "setuidgid", "su-exec", "gosu", "runuser", "su")
_START_OPTIONS = {
    "-x": "exec", "--exec": "exec", "-a": "startas", "--startas": "startas", "-c": "user", "--chuid": "user",
    "-u": "match", "--user": "match", "-p": "", "--pidfile": "", "-n": "", "--name": "", "-g": "", "--group": "",
    "-d": "", "--chdir": "", "-r": "", "--chroot": "", "-N": "", "--nicelevel": "", "-k": "", "--umask": "",
    "-P": "", "--procsched": "", "-I": "", "--iosched": "", "-R": "", "--retry": "", "-s": "", "--signal": "",
    "-1": "", "--stdout": "", "-2": "", "--stderr": "", "-e": "", "--env": "", "-w": "", "--wait": "",
    "-O": "", "--output": "", "--notify-timeout": "", "--capabilities": "",
}  # fmt: skip
"""start-stop-daemon(8), of dpkg, OpenRC and BusyBox: its options that take a word."""


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A program, its arguments, and whom a wrapper makes it run as (empty: nobody else)."""

    program: str = ""
    arguments: tuple[str, ...] = ()
    user: str = ""
    is_applet: bool = False
    """BusyBox is told to be it: no file need have its name."""


def split(text: str) -> list[str]:
    """The words of a command line, quotes undone; split at blanks where the quotes do not match."""
    text = text[:_LINE]
    try:
        return shlex.split(text, comments=False)
    except ValueError:
        return text.replace('"', "").replace("'", "").split()


def fill_in(text: str, variables: Mapping[str, str]) -> str:
    """``text`` with ``$NAME``, ``${NAME}`` and ``${NAME:-else}`` replaced; what is not known becomes nothing."""
    for _ in range(4):
        if "$" not in text:
            break
        text = _VARIABLE.sub(lambda m: variables.get(m[1] or m[3], m[2] or ""), text)[:_LINE]
    return text


def understand(words: Sequence[str], depth: int = 0) -> Command:
    """The program that a command line ends in, past shells, wrappers and start-stop-daemon."""
    words = list(words)
    while words and _ASSIGNMENT.match(words[0]):
        words = words[1:]
    if not words or depth > _DEPTH:
        return Command()
    name = posixpath.basename(words[0])
    rest = words[1:]
    if name in _SHELLS and "-c" in rest[:2]:
        inner = rest[rest.index("-c") + 1 :]
        return understand(split(_last_of(inner[0])), depth + 1) if inner else Command()
    if name == "start-stop-daemon":
        return _start_stop(rest, depth)
    if name in _PLAIN_WRAPPERS:
        return understand(_past_options(rest, ()), depth + 1)
    if name in _USER_WRAPPERS:
        return _as_user(name, rest, depth)
    if name in _TAKES_VALUE:
        return _wrapped(name, rest, depth)
    if name == "busybox" and rest and not rest[0].startswith("-"):
        return msgspec.structs.replace(understand(rest, depth + 1), is_applet=True)
    return Command(program=words[0], arguments=tuple(w for w in rest if w != "&"))


def _last_of(script: str) -> str:
    """Of ``a; b && exec c`` the last command: that is what stays."""
    return re.split(r"&&|;|\|\|", script)[-1].strip()


def _past_options(words: list[str], taking: Sequence[str]) -> list[str]:
    while words and words[0].startswith("-"):
        words = words[2:] if words[0] in taking else words[1:]
    return words


def _wrapped(name: str, words: list[str], depth: int) -> Command:
    user = ""
    for option in ("-u", "-U") if name == "chpst" else ():
        if option in words[:-1]:
            user = user or words[words.index(option) + 1].partition(":")[0]
    if name == "setpriv":
        user = next((w.partition("=")[2] for w in words if w.startswith("--reuid=")), "")
    rest = _past_options(words, _TAKES_VALUE[name])
    rest = rest[1:] if name in ("taskset", "chrt", "timeout") else rest
    found = understand(rest, depth + 1)
    return msgspec.structs.replace(found, user=found.user or user)


def _as_user(name: str, words: list[str], depth: int) -> Command:
    """``su -s /bin/sh USER -c 'COMMAND'``, ``s6-setuidgid USER COMMAND``."""
    if name not in ("su", "runuser"):
        found = understand(words[1:], depth + 1)
        return msgspec.structs.replace(found, user=found.user or (words[0].partition(":")[0] if words else ""))
    command = user = ""
    pending = list(words)
    while pending:
        word = pending.pop(0)
        if word in ("-c", "--command", "-s", "--shell", "-u", "--user", "-g", "--group") and pending:
            value = pending.pop(0)
            command = value if word in ("-c", "--command") else command
            user = value if word in ("-u", "--user") else user
        elif word == "--":
            found = understand(pending, depth + 1)
            return msgspec.structs.replace(found, user=found.user or user)
        elif not word.startswith("-"):
            user = user or word
    found = understand(split(_last_of(command)), depth + 1) if command else Command()
    return msgspec.structs.replace(found, user=found.user or user)


def _start_stop(words: list[str], depth: int) -> Command:
    told: dict[str, str] = {}
    rest: list[str] = []
    pending = list(words)
    while pending:
        word = pending.pop(0)
        if word == "--":
            rest += pending
            break
        option, has_value, value = word.partition("=")
        if word.startswith("--") and has_value and option in _START_OPTIONS:
            told[_START_OPTIONS[option]] = value
        elif word in _START_OPTIONS and pending:
            told[_START_OPTIONS[word]] = pending.pop(0)
        elif not word.startswith("-"):
            rest.append(word)
        elif word in ("-K", "--stop", "-T", "--status", "-t", "--test", "-H", "--help"):
            return Command()
    program = told.get("startas") or told.get("exec") or ""
    if not program:
        return Command()
    user = told.get("user", "").partition(":")[0]
    # Through another shell or wrapper (``--exec /bin/sh -- -c '...'``) as well.
    found = understand([program, *rest], depth + 1)
    return msgspec.structs.replace(found, user=found.user or user)
