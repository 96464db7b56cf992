"""Command lines as facts show them: facts are kept, and any word may be a secret of whoever wrote the line.

``-p``, ``-c``, ``-k``, ``-s``, ``-w``, ``-P`` and ``-Y`` are the password of some program each, so no list of options
names them all. What is plainly none is shown: programs, names of options, places of the system, ports, addresses.
"""

import posixpath
import re
from collections.abc import Sequence

from iotscan.observe.image.shell import is_assignment, shell_commands
from iotscan.observe.image.startup.programs import default_port

HIDDEN = "…"
NETCATS = ("nc", "ncat", "netcat", "nc.traditional", "nc.openbsd")
_RUN_ANOTHER = ("busybox", "exec", "nohup", "setsid")
_OPTION = re.compile(r"(--?[A-Za-z][\w.-]{0,40})(=?)(.*)", re.DOTALL)
_SHORT = re.compile(r"(-[A-Za-z0-9])(.*)", re.DOTALL)
_NAMES_SECRET = re.compile(r"(?i)pass|pw|secret|token|psk|key|community|cred|auth|pin|code")
_FILE = re.compile(r"(?i)(?:file|path|dir|folder)$")
_PLACE = re.compile(
    r"(?:/(?:etc|usr|var|opt|home|root|run|tmp|mnt|data|lib|lib64|srv|dev|proc|sys|bin|sbin|boot|media|www|overlay|rom"
    r"|config|system|vendor)(?:/[\w.+@-]{1,200}){0,20}/?)|/"
)
_ADDRESS = re.compile(r"(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:]{2,39}\]|localhost)(?::\d{1,5})?|:\d{2,5}")
_NUMBER = re.compile(r"\d{1,5}")
_OPERATOR = re.compile(r"\d?[<>|&;]{1,3}\d?|-|--|\.")
_PROGRAM = re.compile(r"[\w./+-]{1,200}")
_ADDRESS_OF_SOCAT = re.compile(
    r"(?i)(?:(?:TCP|UDP|SCTP|OPENSSL|SSL|VSOCK)[46]?(?:-L(?:ISTEN)?)?:(?:[\w.-]{1,80}:)?\d{1,5}"
    r"|(?:EXEC|SYSTEM):[\"']?(?:/[\w./-]*/)?(?:a|ba|da)?sh)(?=[\s,\"':]|$)"
)


def shown_arguments(program: str, words: Sequence[str]) -> tuple[str, ...]:
    """The arguments of a program with :data:`HIDDEN` for each word, or part of one, that may be a secret."""
    is_netcat = posixpath.basename(program) in NETCATS
    takes_port = is_netcat or default_port(program) is not None
    shown: list[str] = []
    before = ""
    for word in words:
        is_port = _NUMBER.fullmatch(word) is not None and (is_netcat or (takes_port and before == "-p"))
        shown.append(word if is_port else _shown(word, before))
        before = word
    return tuple(shown)


def shown_command(words: Sequence[str]) -> str:
    """A command with its program: of assignments before it only the names."""
    begin = next((place for place, word in enumerate(words) if not is_assignment(word)), len(words))
    shown = [f"{word.partition('=')[0]}={HIDDEN}" for word in words[:begin]]
    if begin < len(words):
        program = words[begin]
        shown.append(program if _PROGRAM.fullmatch(program) else HIDDEN)
        shown += _after(program, words[begin + 1 :])
    return " ".join(shown)


def shown_line(text: str) -> str:
    """The commands of a line of shell."""
    return "; ".join(shown_command(command.words) for command in shell_commands(text))


def _after(program: str, words: Sequence[str]) -> tuple[str, ...]:
    """What stands behind a program, or behind one that runs another."""
    if words and posixpath.basename(program) in _RUN_ANOTHER and _PROGRAM.fullmatch(words[0]):
        return (words[0], *_after(words[0], words[1:]))
    return shown_arguments(program, words)


def _shown(word: str, before: str) -> str:
    option = _OPTION.fullmatch(word) if word.startswith("--") else None
    if option is not None:
        name, sign, value = option.groups()
        return f"{name}{sign}{_value(value, name) if value else ''}" if sign or not value else f"{name}{HIDDEN}"
    short = _SHORT.fullmatch(word)
    if short is not None:
        return short[1] + (_value(short[2], short[1]) if short[2] else "")
    if _OPERATOR.fullmatch(word):
        return word
    socat = _ADDRESS_OF_SOCAT.match(word)
    if socat is not None:
        return word if socat.end() == len(word) else f"{socat[0]}{HIDDEN}"
    return _value(word, before if before.startswith("-") else "")


def _value(value: str, option: str) -> str:
    """What an option is given, or a word by itself."""
    if _NAMES_SECRET.search(option) and not _FILE.search(option):
        return HIDDEN
    is_port = _NUMBER.fullmatch(value) is not None and ("port" in option.lower() or option == "--listen")
    return value if is_port or _PLACE.fullmatch(value) or _ADDRESS.fullmatch(value) else HIDDEN
