"""What says that a start was good, and whether it looked before it said so.

A unit looks where something that can fail is demanded before it: a target of its own kind
(``boot-complete.target.requires``, systemd documentation, "Automatic Boot Assessment"), a command before its own, a
condition. A script looks where a command that asks something stands before, and its failure has a consequence.
"""

import posixpath
import re
from collections.abc import Callable, Iterator
from itertools import islice

import msgspec

from iotscan.observe.image.inspectors.updates.root import Root
from iotscan.observe.image.startup.boot_commands import BootCommand
from iotscan.observe.image.startup.units import Unit, Units

_ASKS = (
    "curl", "wget", "ping", "ping6", "nc", "pgrep", "pidof", "mosquitto_pub", "mosquitto_sub", "coap-client", "openssl",
    "dbus-send", "busctl", "ubus", "monit", "sv", "s6-svstat", "rc-service", "nslookup", "ntpq", "chronyc",
)  # fmt: skip
"""Programs by which a script asks something of the system; ``test -e`` and its likes only look for files."""
_CONSEQUENCE = re.compile(r"\bset\s+-\w*e|\bif\b|&&|\|\||\bwhile\b|\buntil\b|\btrap\b")
_NOTHING = ("sleep", "true", "echo", "logger", "mkdir", "mount", "sync", "modprobe", "udevadm")
_TESTS = ("[", "[[", "test", "!", ":", "cd", "export", "set", "command", "which", "type", ".", "source")
_LEADS = re.compile(r"\|\||;|\bthen\b|\bdo\b|\belse\b")
_IF = re.compile(r"\s*(?P<el>el)?if\s+(?P<asks>[^;]*)")
_ELSE = re.compile(r"\s*else\b")
_FI = re.compile(r"(?:^|;)\s*fi\b")
_LEAVES = re.compile(r"(?P<asks>[^|&;#]+)\|\|\s*(?:\{[^}]*)?\b(?:exit|return|reboot)\b")
_MOST = 40
"""Commands that are looked at: no start confirms more than once or twice."""
_TARGET = "boot-complete.target"
_UNIT_FOLDERS = ("/systemd/system",)


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """A command that says that the start was good; ``looks`` is what looked at the system before, or why nothing did.

    ``path`` is one of the tree.
    """

    path: str
    line: int
    command: str
    is_checked: bool
    looks: str


def confirmations(root: Root, confirms: Callable[[BootCommand], bool]) -> Iterator[Confirmation]:
    """Every command of the start that ``confirms``. Raises Unreadable."""
    for command in islice(filter(confirms, root.commands), _MOST):
        is_checked, looks = _looks(root, command)
        yield Confirmation(
            path=command.path,
            line=command.line,
            command=" ".join(command.argv[:4]),
            is_checked=is_checked,
            looks=looks,
        )


def target_checks(root: Root) -> tuple[str, ...]:
    """Units without which boot-complete.target fails."""
    units = Units(root.tree)
    target = units.load(_TARGET)
    asked = [name for name, _ in units.asked_for(target, "requires")]
    return tuple(name for name in (*asked, *target.words("Unit", "Requires")) if units.load(name).path)


def _looks(root: Root, command: BootCommand) -> tuple[bool, str]:
    if any(folder in command.path for folder in _UNIT_FOLDERS):
        return _of_unit(root, command)
    return _of_script(root, command)


def _of_unit(root: Root, command: BootCommand) -> tuple[bool, str]:
    units = Units(root.tree)
    name = posixpath.basename(command.path)
    if not name.endswith(".service"):
        # A drop-in: foo.service.d/x.conf
        name = posixpath.basename(posixpath.dirname(command.path)).removesuffix(".d")
    unit = units.load(name)
    before = _before(unit, command)
    if before:
        return True, f"{before} runs before"
    needed = [*unit.words("Unit", "Requires"), *unit.words("Unit", "Requisite"), *unit.words("Unit", "BindsTo")]
    checks = [n for n in needed if n.endswith(".service") and units.load(n).path and n in unit.words("Unit", "After")]
    if checks:
        return True, f"{checks[0]} has to succeed before"
    if _TARGET in needed:
        behind = target_checks(root)
        if behind:
            return True, f"{behind[0]} has to succeed before {_TARGET}"
        wanted = [n for n, _ in units.asked_for(units.load(_TARGET), "wants")]
        if wanted:
            return False, f"{wanted[0]} is only wanted by {_TARGET}: that it fails stops nothing"
        return False, f"nothing is required by {_TARGET}"
    return False, "the unit waits for no check"


def _before(unit: Unit, command: BootCommand) -> str:
    """A command of the unit that runs before and whose failure stops it; ``-`` before it says that it does not."""
    for key in ("ExecCondition", "ExecStartPre", "ExecStart"):
        for setting in unit.listed("Service", key):
            if key == "ExecStart" and (setting.path, setting.line) == (command.path, command.line):
                return ""
            first = setting.value.split()[0].lstrip("@:+!") if setting.value.split() else ""
            if first and not first.startswith("-") and posixpath.basename(first) not in _NOTHING:
                return first
    return ""


def _of_script(root: Root, command: BootCommand) -> tuple[bool, str]:
    text = root.text(command.path) or ""
    guard = _guard(text, command)
    if guard:
        return True, f"{guard} has to succeed before"
    before = [c for c in root.commands if c.path == command.path and c.line <= command.line and c != command]
    asking = next((c for c in before if _is_asking(root, c)), None)
    if asking is None:
        return False, "the script asks nothing of the system before"
    if not _CONSEQUENCE.search("\n".join(text.splitlines()[: command.line])):
        return False, f"{asking.name} is called before, and the script goes on whatever it says"
    return True, f"{asking.name} is asked before"


def _guard(text: str, command: BootCommand) -> str:
    """The program whose success the command waits for: ``check && command``, or ``if check; then command``."""
    lines = text.splitlines()[: command.line]
    if not lines or not command.words:
        return ""
    head = lines.pop().partition(command.words[0])[0].rstrip()
    conditions = [*(left["asks"] for left in map(_LEAVES.match, lines) if left), *_open_conditions([*lines, head])]
    pieces = re.split(r"&&", _LEADS.split(head)[-1])
    if len(pieces) > 1 and not pieces[-1].strip():
        conditions.append(pieces[-2])
    return next(filter(None, map(_program, reversed(conditions))), "")


def _open_conditions(lines: list[str]) -> list[str]:
    """The conditions of each ``if`` that is not closed, in its ``else`` what they deny."""
    found: list[str] = []
    for line in lines:
        if opened := _IF.match(line):
            if opened["el"] and found:
                found.pop()
            found.append(opened["asks"])
        elif found and _ELSE.match(line):
            asks = found[-1].lstrip()
            found[-1] = asks[1:] if asks.startswith("!") else ""
        if found and _FI.search(line):
            found.pop()
    return found


def _program(condition: str) -> str:
    """What a condition runs; empty for what looks for files or strings only, and for ``! program``."""
    words = condition.split()
    name = posixpath.basename(words[0]) if words else ""
    return "" if name in (*_NOTHING, *_TESTS) or re.search(r"\|\||[;|]", condition) else name


def _is_asking(root: Root, command: BootCommand) -> bool:
    if command.name == "systemctl":
        return any(word.startswith("is-") or word == "status" for word in command.argv[1:])
    if command.name in _ASKS:
        return True
    first = command.words[0] if command.words else ""
    return first.startswith(("/usr/", "/opt/", "/etc/")) and command.name not in _NOTHING and "check" in command.name
