"""U-Boot's counting: ``bootlimit`` with ``altbootcmd``, or ``BOOT_ORDER`` with ``BOOT_x_LEFT`` of a script.

Sources: U-Boot ``doc/api/bootcount.rst``, ``tools/env/fw_env.config``; RAUC reference, "Setting up U-Boot boot script".
"""

import re
from collections.abc import Iterator

import msgspec

from iotscan.observe.image.inspectors.boot.chain import Chain
from iotscan.observe.image.inspectors.boot.environments import environments
from iotscan.observe.image.inspectors.boot.scripts import is_script, script_of
from iotscan.observe.image.inspectors.updates.loaders.counting import Counting, Said
from iotscan.observe.image.texts import lines_of
from iotscan.observe.image.tree import Tree
from iotscan.wire import uboot_env

_INITIAL = "/etc/u-boot-initial-env"
"""The default environment as fw_setenv and libubootenv read it."""
_FW_ENV = "/etc/fw_env.config"
_LEFT = re.compile(rb"\bBOOT_(\w+?)_LEFT\b")
_COUNTED = re.compile(rb"\bsetexpr\s+(?:BOOT_\w+_LEFT|\S*_LEFT)\b")
_SAVED = re.compile(rb"\b(?:saveenv|env\s+save)\b")
_COMMENT = re.compile(rb"^[ \t]*#[^\n]*", re.MULTILINE)
_BETWEEN = re.compile(rb"\n|;|&&|\|\|")
"""What stands between two commands of a script."""
_ASIDE = (b"echo", b"sleep", b"setenv", b"env")
"""Commands that start no system."""
_ORDER = re.compile(rb"\bBOOT_ORDER[ =]+[\"']?((?:[A-Za-z0-9]+[ \t]*){1,16})")
_RUN = re.compile(rb"\brun\s+([A-Za-z_][\w.-]*(?:\s+[A-Za-z_][\w.-]*)*)")
_ELSEWHERE = re.compile(rb"\b(?:source|sysboot|bootflow|distro_bootcmd|scan_dev_for)\b")
_RANK = {"stored": 0, "text": 1, "default": 2}


class _Text(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    content: bytes

    def line(self, found: re.Match[bytes]) -> int:
        return self.content.count(b"\n", 0, found.start()) + 1


class _Held(msgspec.Struct, frozen=True, kw_only=True):
    """What the image holds: scripts, and the environment that counts most."""

    scripts: tuple[_Text, ...]
    path: str
    variables: dict[str, bytes]

    @property
    def texts(self) -> tuple[_Text, ...]:
        values = (_Text(path=self.path, content=b"%s=%s" % (n.encode(), v)) for n, v in self.variables.items())
        return (*self.scripts, *values)


def read(chain: Chain, tree: Tree) -> Counting | None:
    """What U-Boot counts; None where the image holds nothing of it. Raises Unreadable."""
    held = _held(chain, tree)
    redundant = _redundant(tree)
    if not held.scripts and not held.variables and not redundant.path:
        return None
    found = [(t, m) for t in held.texts if (m := _LEFT.search(t.content))]
    left = next((each for each in found if _COUNTED.search(each[0].content)), found[0] if found else None)
    if left is not None:
        counter, alternative = _by_slots(held, *left)
    else:
        counter, alternative = _by_limit(held)
    return Counting(loader="u-boot", counter=counter, alternative=alternative, redundant=redundant, is_own=left is None)


def _held(chain: Chain, tree: Tree) -> _Held:
    found = sorted(environments(chain), key=lambda each: _RANK.get(each[1], 3))
    scripts = [
        _Text(path=place.shown or place.format, content=_COMMENT.sub(b"", script_of(blob)))
        for place, blob in chain.places("uimage")
        if is_script(blob)
    ]
    stored = [(path, variables) for path, source, variables in found if source != "text"]
    initial = lines_of(tree, _INITIAL)
    if initial is not None:
        stored.append((tree.show(_INITIAL), uboot_env.read_text("\n".join(initial).encode())))
    path, variables = stored[0] if stored else ("", {})
    return _Held(scripts=tuple(scripts), path=path, variables=variables)


def _by_slots(held: _Held, text: _Text, first: "re.Match[bytes]") -> tuple[Said, Said]:
    """``BOOT_x_LEFT``: counted down by a script, which has to save the environment each time."""
    texts = [t for t in held.texts if t.path == text.path]
    counted = any(_COUNTED.search(t.content) for t in texts)
    saved = any(_is_saved(t.content) for t in texts)
    said = "BOOT_x_LEFT is counted down and saved"
    if not counted and _is_elsewhere(held):
        why = "BOOT_x_LEFT is set, and the script that would count it down is not in the image"
        return Said(holds=None, detail=why, path=text.path), _other_slot(held, text)
    if not counted:
        said = "BOOT_x_LEFT is read and never counted down"
    elif not saved:
        said = "BOOT_x_LEFT is counted down and not saved before a start: each finds the old count"
    counter = Said(holds=counted and saved, detail=said, path=text.path, line=_line(text, first))
    return counter, _other_slot(held, text)


def _is_saved(content: bytes) -> bool:
    """True where the environment is saved, and not only before a reset: that is where no slot is left to start."""
    then = b""
    for command in reversed(_BETWEEN.split(content)):
        words = command.split()
        if _SAVED.search(command) and then != b"reset":
            return True
        if words and words[0] not in _ASIDE:
            then = words[0]
    return False


def _other_slot(held: _Held, text: _Text) -> Said:
    names = {m[1] for t in held.texts for m in _LEFT.finditer(t.content)} - {b"", b"x"}
    orders = [m[1].split() for t in held.texts for m in _ORDER.finditer(t.content)]
    order = max(orders, key=len, default=[])
    count = max(len(set(order)), len(names))
    listed = ", ".join(sorted(name.decode("ascii", "replace") for name in set(order) or names))
    said = f"BOOT_ORDER and BOOT_x_LEFT name {count} slots: {listed}"
    return Said(holds=count > 1, detail=said, path=text.path)


def _by_limit(held: _Held) -> tuple[Said, Said]:
    """``bootlimit`` and ``altbootcmd``."""
    limit, other = held.variables.get("bootlimit"), held.variables.get("altbootcmd", b"").strip()
    alternative = _alternative(held, other)
    if limit is not None and limit.strip().isdigit():
        counts = int(limit[:20]) > 0
        said = f"bootlimit is {int(limit[:20])}" + ("" if counts else ": no start is counted")
        return Said(holds=counts, detail=said, path=held.path), alternative
    said = "neither bootlimit nor BOOT_x_LEFT is set"
    if _is_elsewhere(held):
        why = f"{said}, and what it starts may be a script that the image does not show"
        return Said(holds=None, detail=why, path=held.path), alternative
    path = held.path or held.scripts[0].path
    return Said(holds=False, detail=said, path=path), alternative


def _alternative(held: _Held, other: bytes) -> Said:
    if not held.variables or (not other and _is_elsewhere(held)):
        return Said(holds=None, detail="the image does not show what else U-Boot would start", path=held.path)
    if not other:
        return Said(holds=False, detail="altbootcmd is empty or missing", path=held.path)
    called = [name for found in _RUN.finditer(other) for name in found[1].decode().split()]
    unset = [name for name in called if not held.variables.get(name)]
    if called and len(unset) == len(called):
        return Said(holds=False, detail="altbootcmd runs a variable that is not set", path=held.path)
    same = other in (b"run bootcmd", held.variables.get("bootcmd", b"").strip())
    said = "altbootcmd starts what bootcmd starts" if same else "altbootcmd starts something else"
    return Said(holds=not same, detail=said, path=held.path)


def _is_elsewhere(held: _Held) -> bool:
    """True where nothing is held, or what is held calls a script and none is there."""
    if not held.variables and not held.scripts:
        return True
    return not held.scripts and any(_ELSEWHERE.search(value) for value in held.variables.values())


def _line(text: _Text, found: "re.Match[bytes]") -> int:
    return 0 if text.content[:1].isascii() and b"\n" not in text.content else text.line(found)


def _redundant(tree: Tree) -> Said:
    found = list(_copies(lines_of(tree, _FW_ENV) or []))
    if not found:
        return Said(holds=None, detail=f"no copy of the environment is named by {_FW_ENV}")
    copies = len(dict.fromkeys(found))
    said = "one copy of the environment" if copies == 1 else f"{copies} copies of the environment"
    return Said(holds=copies > 1, detail=said, path=tree.show(_FW_ENV), line=1)


def _copies(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Device and offset of each copy; offsets in whatever base."""
    for line in lines:
        words = line.split()
        if len(words) >= 2 and not words[0].startswith("#"):
            yield words[0], words[1].lower()
