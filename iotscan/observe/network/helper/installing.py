"""Putting the privileged programs where root alone writes, with the one rule of sudo that starts them (decision 0024).

Only root can do this. What others than root could change is refused: the helper starts as root.
"""

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from iotscan.model.errors import BadInput
from iotscan.observe.network.helper.program import (
    CAPTURE,
    FLAGS,
    FOLDER,
    LISTENER,
    PROGRAMS,
    RECORD,
    SWEEPER,
    Installed,
    Program,
)

RULE = Path("/etc/sudoers.d/iotscan")
PYTHONS = ("/usr/bin/python3", "/usr/local/bin/python3")
OLDEST = (3, 10)
"""The Python that the helper needs at least."""
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_ASK = "import sys, sysconfig; print(*sys.version_info[:2], sysconfig.get_path('stdlib'))"
_TEXT = """\
# Made by: iotscan helper install. Taken away by: iotscan helper remove. See docs/decisions/0024.
Cmnd_Alias IOTSCAN_RAW_HELPER = {commands}
Defaults!IOTSCAN_RAW_HELPER env_reset, !setenv, !requiretty, !use_pty
#{uid} ALL = (root) NOPASSWD: IOTSCAN_RAW_HELPER
"""


def install(user: str, *, captures: bool = False) -> Installed:
    """Copy the programs, make the rule, have it checked. Raises BadInput, with nothing changed, where it cannot be.

    With ``captures`` the user may also capture all that passes an interface; without, that program goes.
    """
    _require_root("install")
    uid = _uid(user)
    tools = {name: shutil.which(name, path=_PATH) or "" for name in ("sudo", "visudo")}
    if missing := [name for name, path in tools.items() if not path]:
        raise BadInput(f"{' and '.join(missing)} is not here: install sudo, or scan as root")
    python = trusted_python()
    if problem := others_can_write(FOLDER) or others_can_write(RULE.parent):
        raise BadInput(f"{problem}: others than root could change what would be started as root")
    record = Installed(
        user=user,
        python=python,
        sha256=_hash(SWEEPER.source),
        listener_sha256=_hash(LISTENER.source),
        capture_sha256=_hash(CAPTURE.source) if captures else "",
    )
    programs = (*PROGRAMS, CAPTURE) if captures else PROGRAMS
    commands = ", ".join(" ".join(program.rule(python)) for program in programs)
    _make_rule(tools["visudo"], _TEXT.format(commands=commands, uid=uid), record, programs)
    return record


def remove() -> bool:
    """Take away all that :func:`install` made; whether there was anything. Raises BadInput."""
    _require_root("remove")
    places = [path for path in (RULE, *(p.installed for p in (*PROGRAMS, CAPTURE)), RECORD) if path.exists()]
    for path in places:
        path.unlink()
    if FOLDER.exists() and not any(FOLDER.iterdir()):
        FOLDER.rmdir()
    return bool(places)


def problems(record: Installed) -> Iterator[str]:
    """What is wrong with an installation, each with what to do."""
    again = f"sudo iotscan helper install{' --capture' if record.capture_sha256 else ''}"
    if not record.listener_sha256:
        yield f"it is of a version that did not listen: {again}"
    for program, was in _held(record):
        yield from _changed(program, was, again)
    if not Path(record.python).exists():
        yield f"{record.python} has gone: {again}"
    for path in (*(program.installed for program, _ in _held(record)), Path(record.python)):
        if path.exists() and (problem := others_can_write(path)):
            yield f"{problem}: have that mended, or sudo iotscan helper remove"


def trusted_python() -> str:
    """A Python that root alone can change, with its standard library. Raises BadInput."""
    why = []
    for name in PYTHONS:
        if not Path(name).exists():
            continue
        if problem := others_can_write(Path(name)):
            why.append(problem)
            continue
        done = subprocess.run([name, *FLAGS, "-c", _ASK], capture_output=True, text=True, check=False)
        major, minor, library = (done.stdout.split(maxsplit=2) + ["0"] * 3)[:3]
        if done.returncode or (int(major), int(minor)) < OLDEST:
            why.append(f"{name} is older than {'.'.join(map(str, OLDEST))}")
        elif problem := others_can_write(Path(library.strip())):
            why.append(problem)
        else:
            return name
    raise BadInput(f"no Python that root alone can change ({'; '.join(why) or 'neither ' + ' nor '.join(PYTHONS)})")


def others_can_write(path: Path) -> str:
    """Which part of the way to ``path``, links followed, others than root can write; empty when none."""
    for whole in dict.fromkeys((path.absolute(), path.resolve())):
        for each in (whole, *whole.parents):
            if not each.exists():
                continue
            held = each.stat()
            if held.st_uid != 0 or held.st_mode & (stat.S_IWGRP if held.st_gid else 0) or held.st_mode & stat.S_IWOTH:
                return f"{each} can be written by others than root"
    return ""


def _held(record: Installed) -> Iterator[tuple[Program, str]]:
    """The programs of an installation, each with its hash of then."""
    hashes = (record.sha256, record.listener_sha256, record.capture_sha256)
    for program, was in zip((*PROGRAMS, CAPTURE), hashes, strict=True):
        if was:
            yield program, was


def _changed(program: Program, was: str, again: str) -> Iterator[str]:
    """What is wrong with one of the programs, whose hash was this when it was installed; ``again`` mends it."""
    if not program.installed.exists() or _hash(program.installed) != was:
        yield f"{program.installed} is not what was installed: {again}"
    elif _hash(program.source) != was:
        yield f"it is of another version of iotscan: {again}"


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _make_rule(visudo: str, text: str, record: Installed, programs: Sequence[Program]) -> None:
    FOLDER.mkdir(mode=0o755, parents=True, exist_ok=True)
    draft = RULE.with_name("iotscan.draft")  # sudo reads no file with a dot in its name
    try:
        _write(draft, text.encode(), 0o440)
        done = subprocess.run([visudo, "-c", "-f", str(draft)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise BadInput(f"visudo refuses the rule: {done.stderr.strip()[:200]}")
        for program in programs:
            _write(program.installed, program.source.read_bytes(), 0o644)
        _write(RECORD, msgspec.json.encode(record), 0o644)
        draft.replace(RULE)
        if CAPTURE not in programs:
            CAPTURE.installed.unlink(missing_ok=True)
    finally:
        draft.unlink(missing_ok=True)


def _write(path: Path, data: bytes, mode: int) -> None:
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        os.fchmod(handle, mode)


def _require_root(word: str) -> None:
    if os.geteuid() != 0:
        raise BadInput(f"only root can do that: sudo iotscan helper {word}")


def _uid(user: str) -> int:
    if not user:
        raise BadInput("for whom? sudo tells; else name the user: --user NAME")
    try:
        uid = pwd.getpwnam(user).pw_uid
    except KeyError as error:
        raise BadInput(f"there is no user '{user[:40]}' here") from error
    if uid == 0:
        raise BadInput("root needs no rule: scans of root's start the helper themselves. Name a user: --user NAME")
    return uid
