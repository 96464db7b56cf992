"""What a root file system mounts and which encrypted volumes it opens: fstab(5), systemd.mount(5), crypttab(5).

``cryptsetup`` in start scripts counts too, where its key file stands on the line.
"""

import re
import shlex
from collections.abc import Iterator

from iotscan.model.facts import DiskUnlock, DiskUnlocks, Mount, Mounts
from iotscan.model.facts.storage import KeyKind
from iotscan.model.secret import REDACTED
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, all_missed
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.texts import lines_of, texts_below
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_UNITS = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
_SCRIPTS = ("/etc/init.d", "/etc/rc.d", "/usr/lib/initcpio/hooks", "/lib/cryptsetup/scripts")
_COMMAND = re.compile(r"\bcryptsetup\b[^#\n]*\b(?:open|luksOpen)\b")
_KEY_OPTION = re.compile(r"(?:--key-file[= ]|-d[ =]?)(\S+)")
_HARDWARE: tuple[tuple[str, KeyKind], ...] = (
    ("tpm2-device", "tpm2"),
    ("pkcs11-uri", "pkcs11"),
    ("fido2-device", "fido2"),
)
_USERINFO = re.compile(r"([^/#@\s:]{0,100}:)(?!/)[^@\s]{1,300}@")
"""``sshfs#gw:password@host:/place``: the source of a mount is no URL, or not only."""
_SECRET = re.compile(r"(?i)pass|secret|token|psk|cred|pin$|key$")
_RANDOM = ("/dev/random", "/dev/urandom", "/dev/hw_random", "/dev/hwrng")


def _inspect(tree: Tree) -> Heard:
    try:
        unlocks = (*_crypttab(tree), *_commands(tree))
        mounts = mounts_of(tree)
    except Unreadable as error:
        return all_missed((Mounts, DiskUnlocks), AttemptStatus.UNREADABLE, Reason.UNREADABLE, str(error))
    return Heard(facts=(Mounts(mounts=mounts), DiskUnlocks(unlocks=unlocks)))


def mounts_of(tree: Tree) -> tuple[Mount, ...]:
    """What fstab and the units mount. Raises Unreadable."""
    return (*_fstab(tree), *_units(tree))


def _fields(tree: Tree, path: str, least: int) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(lines_of(tree, path) or (), start=1):
        fields = line.split()
        if len(fields) >= least and not fields[0].startswith("#"):
            yield number, fields


def _fstab(tree: Tree) -> Iterator[Mount]:
    for number, fields in _fields(tree, "/etc/fstab", 3):
        options = fields[3] if len(fields) > 3 else "defaults"
        yield _mount(tree, "/etc/fstab", number, fields[0], fields[1], fields[2], options)


def _units(tree: Tree) -> Iterator[Mount]:
    done = set()
    for folder in _UNITS:
        if tree.find(folder) is None:
            continue
        for path, lines in texts_below(tree, folder, endings=(".mount",)):
            name = path.rpartition("/")[2]
            if name in done:
                continue
            done.add(name)
            split = (line.strip().partition("=") for line in lines)
            said = {key: value for key, equals, value in split if equals}
            if said.get("What") and said.get("Where"):
                number = next((n for n, line in enumerate(lines, 1) if line.strip().startswith("What=")), 0)
                kind, options = said.get("Type", ""), said.get("Options", "")
                yield _mount(tree, path, number, said["What"], said["Where"], kind, options)


def _mount(tree: Tree, path: str, line: int, source: str, point: str, type: str, options: str) -> Mount:
    # Words with = may be passwords of network shares: their value is nobody's business here.
    words = tuple(safe_text(_option(w), 200) for w in options.split(",")[:40] if w)
    source = _USERINFO.sub(rf"\1{REDACTED}@", source[:500])
    return Mount(
        path=tree.show(path), line=line, source=safe_text(source, 120), point=safe_text(point, 200),
        type=safe_text(type, 40), options=words,
    )  # fmt: skip


def _option(word: str) -> str:
    name, _, value = word.partition("=")
    return name if _SECRET.search(name) and not value.startswith("/") else word


def _crypttab(tree: Tree) -> Iterator[DiskUnlock]:
    for number, fields in _fields(tree, "/etc/crypttab", 2):
        key = fields[2] if len(fields) > 2 else "none"
        options = fields[3] if len(fields) > 3 else ""
        hardware = next((kind for word, kind in _HARDWARE if word in options), None)
        kind: KeyKind = hardware or _kind_of(key, options)
        yield _unlock(tree, "/etc/crypttab", number, fields[0], fields[1], kind, key)


def _kind_of(key: str, options: str) -> KeyKind:
    if key in _RANDOM:
        return "random"
    if "keyscript=" in options:
        return "unknown"
    return "file" if key.startswith("/") else "prompt"


def _commands(tree: Tree) -> Iterator[DiskUnlock]:
    for folder in _SCRIPTS:
        if tree.find(folder) is None:
            continue
        for path, lines in texts_below(tree, folder):
            for number, line in enumerate(lines, start=1):
                if not line.lstrip().startswith("#") and _COMMAND.search(line[:4000]):
                    option = _KEY_OPTION.search(line[:4000])
                    key = _unquoted(option[1]) if option else ""
                    kind: KeyKind = "file" if key.startswith("/") else "unknown"
                    yield _unlock(tree, path, number, "cryptsetup", "", kind, key)


def _unlock(tree: Tree, path: str, line: int, name: str, source: str, kind: KeyKind, key: str) -> DiskUnlock:
    is_file = kind == "file"
    found = tree.find(key) if is_file else None
    is_there = found is not None and found.kind == "file" and found.size > 0
    return DiskUnlock(
        path=tree.show(path),
        line=line,
        name=safe_text(name, 60),
        source=safe_text(source, 120),
        key=kind,
        key_path=tree.show(key) if is_file else "",
        key_in_image=is_there,
        key_mode=found.mode if found is not None and is_there else 0,
    )


def _unquoted(word: str) -> str:
    try:
        return "".join(shlex.split(word)[:1])
    except ValueError:
        return word.strip("\"'")


INSPECTOR = Inspector(name="mounts", version=1, boots=True, gives=(Mounts, DiskUnlocks), inspect=_inspect)
