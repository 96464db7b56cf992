"""Home-made updates: scripts that fetch something and write it over the system.

What updaters that are known do in a script (``wget`` and ``rauc install``) is theirs to verify, and is none. Nothing is
run: that a line is reached is supported, not proved.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import HomemadeUpdate
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.observe.image.inspectors.updates.root import Root, shown_url
from iotscan.observe.image.shell import ShellCommand, is_assignment, shell_commands
from iotscan.observe.image.startup.command import fill_in

_FOLDERS = ("/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin", "/usr/local/sbin", "/opt", "/root",
            "/etc/init.d", "/etc/cron.hourly", "/etc/cron.daily", "/etc/cron.weekly", "/usr/libexec")  # fmt: skip
_SCRIPT_LIMIT = 64 << 10
_MOST_FILES = 4000
_SHELL = re.compile(rb"#![ \t]*/(?:\S*/)?(?:env[ \t]+)?(?:ba|da|a|hu|k)?sh\b")
_FETCHES = ("wget", "curl", "tftp", "ftpget", "uclient-fetch", "aria2c", "scp", "sftp", "rsync", "axel")
_MOST_FETCHES = 50
_URL = re.compile(r"(?:https?|ftps?|tftp|sftp|rsync|scp)://[^\s\"'|;&<>]+", re.IGNORECASE)
_UNCHECKED = ("--no-check-certificate", "-k", "--insecure", "--check-certificate=false")
_SAFE = ("https://", "ftps://", "sftp://", "scp://")
_SHELLS = ("sh", "ash", "bash", "dash")
_DEVICE = re.compile(r"/dev/(?:mmcblk|mtd|sd[a-z]|nvme|ubi|vd[a-z]|block/|disk/)\S*")
_TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108  # what scripts of images name
_SIGNATURES = ("gpg", "gpgv", "gpg2", "signify", "minisign", "usign", "ucert", "cosign", "ssh-keygen", "openssl")
_DIGESTS = ("sha256sum", "sha512sum", "sha1sum", "md5sum", "cksum", "sum", "shasum", "b2sum")
_CONSEQUENCE = re.compile(r"\bif\b|&&|\|\||\bwhile\b|\buntil\b")
_STOPS = re.compile(r"^[ \t]*set[ \t]+-\w*e", re.MULTILINE)


class _Script(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    lines: tuple[str, ...]
    commands: tuple[ShellCommand, ...]
    stops: bool
    """It ends with the first command that fails."""


def homemade(root: Root) -> Iterator[HomemadeUpdate]:
    """Every script that fetches and writes. Raises Unreadable."""
    started = {command.path for command in root.commands}
    called = {word for command in root.commands for word in command.words}
    for script in _scripts(root, started):
        yield from _judge(root, script, runs=script.path in started or script.path in called)


def _scripts(root: Root, started: set[str]) -> Iterator[_Script]:
    paths = [e.path for folder in _FOLDERS for e in root.tree.children(folder) if e.kind == "file"]
    done: set[str] = set()
    for path in (*sorted(started), *paths[:_MOST_FILES]):
        found = root.tree.find(path)
        if found is None or found.kind != "file" or found.path in done or not 0 < found.size <= _SCRIPT_LIMIT:
            continue
        done.add(found.path)
        if path not in started and not _SHELL.match(root.tree.read(found.path, 64)):
            continue
        data = root.tree.read(found.path, _SCRIPT_LIMIT)
        # Most scripts fetch nothing: only those that may are taken apart.
        if b"\0" in data or not any(name.encode() in data for name in _FETCHES):
            continue
        text = data.decode("utf-8", "replace")
        commands = tuple(shell_commands(text))
        stops = bool(_STOPS.search(text))
        yield _Script(path=found.path, lines=tuple(text.split("\n")), commands=commands, stops=stops)


def _judge(root: Root, script: _Script, *, runs: bool) -> Iterator[HomemadeUpdate]:
    """The first write after a fetch, for each fetch that has an address of its own."""
    variables: dict[str, str] = {}
    fetches: list[ShellCommand] = []
    checked: list[ShellCommand] = []
    for command in script.commands:
        for word in command.words:
            name, _, value = word.partition("=")
            if is_assignment(word):
                variables[name] = fill_in(value, variables)
        if command.name in _FETCHES:
            fetches.append(command)
        elif command.name in _SIGNATURES or command.name in _DIGESTS:
            checked.append(command)
        writes = _writes(command, fetches[-1] if fetches else None)
        if fetches and writes:
            fetched = _written(command, fetches, variables)
            yield _found(root, script, fetched, command, writes, checked, variables, runs=runs)
            fetches, checked = [], []


def _written(command: ShellCommand, fetches: list[ShellCommand], variables: dict[str, str]) -> ShellCommand:
    """Which of the fetched files a command writes, by its name: a digest or a version may be fetched after it."""
    wanted = _names(command, variables)
    named = (f for f in reversed(fetches[-_MOST_FETCHES:]) if not wanted.isdisjoint(_names(f, variables)))
    return next(named, fetches[-1])


def _names(command: ShellCommand, variables: dict[str, str]) -> frozenset[str]:
    """What its words call files, without folders: of ``if=/tmp/fw.img`` and ``http://x/fw.img`` the last part."""
    words = (fill_in(word, variables).rpartition("=")[2] for word in command.words[1:] if not word.startswith("of="))
    return frozenset(w.rpartition("/")[2] for w in words if not w.startswith("-")) - {""}


def _writes(command: ShellCommand, fetched: ShellCommand | None) -> str:
    """What a command writes over the system with; empty where it does not."""
    name, words = command.name, command.words
    rest = words[1:]
    if name == "dd" and any(w.startswith("of=") and _DEVICE.match(w[3:]) for w in rest):
        return "dd"
    if name in ("flashcp", "nandwrite", "ubiupdatevol", "flash_write", "sysupgrade", "fwupgrade", "mtd_write"):
        return name
    if name == "mtd" and "write" in rest:
        return "mtd"
    if name == "tar" and any(a == "-C" and b == "/" for a, b in pairwise(rest)):
        return "tar"
    if name in ("opkg", "dpkg", "rpm", "apk", "ipkg") and any(w.startswith(_TEMPORARY) for w in rest):
        return name
    if name in _SHELLS and fetched is not None and fetched.pipeline == command.pipeline:
        return name
    if any(a in (">", ">>") and _DEVICE.match(b) for a, b in pairwise(words)):
        return name
    return ""


def _found(
    root: Root,
    script: _Script,
    fetched: ShellCommand,
    command: ShellCommand,
    writes: str,
    checked: list[ShellCommand],
    variables: dict[str, str],
    *,
    runs: bool,
) -> HomemadeUpdate:
    words = " ".join(fill_in(word, variables) for word in fetched.words)
    url = _URL.search(words)
    checks, detail = _checks(script, checked)
    unknown: Answer[bool] = Answer.missing(Reason.NOT_OBSERVABLE, "no file of the start calls it; a program may")
    return HomemadeUpdate(
        path=root.tree.show(script.path),
        line=command.line,
        fetches=shown_url(url[0]) if url else "",
        writes=safe_text(writes, 40),
        encrypted=_encrypted(fetched, url[0] if url else ""),
        checks=checks,  # type: ignore[arg-type]  # _checks gives the three words
        detail=detail,
        runs=Answer.of(True) if runs else unknown,
    )


def _encrypted(fetched: ShellCommand, url: str) -> Answer[bool]:
    if fetched.name in ("tftp", "ftpget"):
        return Answer.of(False)
    if fetched.name in ("scp", "sftp"):
        return Answer.of(True)
    if not url:
        return Answer.missing(Reason.NOT_OBSERVABLE, "the script is told the address")
    unchecked = any(word in _UNCHECKED for word in fetched.words[1:]) and fetched.name != "rsync"
    return Answer.of(url.lower().startswith(_SAFE) and not unchecked)


def _checks(script: _Script, checked: list[ShellCommand]) -> tuple[str, str]:
    """What was looked at before, with a consequence."""
    effective = [c for c in checked if script.stops or _matters(script, c)]
    signatures = [c for c in effective if _verifies(c)]
    if signatures:
        return "signature", f"{signatures[0].name} on line {signatures[0].line}"
    digests = [c for c in effective if not _verifies(c)]
    if digests:
        return "digest", f"{digests[0].name} on line {digests[0].line}"
    if checked:
        return (
            "nothing",
            f"{checked[0].name} on line {checked[0].line} is called, and the script goes on whatever it says",
        )
    return "nothing", ""


def _verifies(command: ShellCommand) -> bool:
    words = command.words[1:]
    if command.name == "openssl":
        return any(w in ("-verify", "-verify_sig") for w in words) or "cms" in words
    if command.name in ("gpg", "gpg2"):
        return any(w in ("--verify", "--decrypt", "-d") for w in words)
    return command.name in _SIGNATURES


def _matters(script: _Script, command: ShellCommand) -> bool:
    """Whether the line that checks, or one of the two around it, does something with what it says."""
    here = script.lines[max(0, command.line - 1) : command.line + 1]
    return any(_CONSEQUENCE.search(line) or "[ " in line or "test " in line for line in here)
