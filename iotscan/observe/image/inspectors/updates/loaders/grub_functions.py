"""Which functions of GRUB's configuration are ever run: one that nothing calls does nothing.

Source: GRUB manual, "Writing full configuration files directly" (``function name { … }``), grub-mender-grubenv.
"""

import re

_FUNCTION = re.compile(rb"[ \t]*function[ \t]+([\w-]{1,100})[ \t]*\{")
_SETS = re.compile(rb"[ \t]*(?:set[ \t]+)?(?!editing\b)[A-Za-z_]\w*=|[ \t]*(?:in|de)crement\b")
_WORD = re.compile(rb"[\w-]+")
_TOP = b""
"""The block of what stands in no function."""


def executed(text: bytes) -> bytes:
    """A configuration without comments and without functions that nothing calls; its lines keep their numbers."""
    owners: list[bytes] = []
    blocks: dict[bytes, list[bytes]] = {_TOP: []}
    owner = _TOP
    lines = [b"" if line.lstrip().startswith(b"#") else line for line in text.split(b"\n")]
    for at, line in enumerate(lines):
        begins = _FUNCTION.match(line) if owner == _TOP else None
        if begins:
            owner = begins[1]
            blocks.setdefault(owner, [])
            # What it is called is no call of it.
            lines[at] = line[begins.end() :]
        blocks[owner].append(lines[at])
        owners.append(owner)
        if owner != _TOP and (line.strip() == b"}" or (begins and line.rstrip().endswith(b"}"))):
            owner = _TOP
    run = _called(blocks)
    return b"\n".join(line if owner in run else b"" for line, owner in zip(lines, owners, strict=True))


def _called(blocks: dict[bytes, list[bytes]]) -> set[bytes]:
    """The blocks that are run and that change something."""
    called, seen = {_TOP}, [_TOP]
    while seen:
        words = {word for line in blocks[seen.pop()] for word in _WORD.findall(line)}
        fresh = (words & blocks.keys()) - called
        called |= fresh
        seen += fresh
    return {name for name in called if name == _TOP or not _restores(blocks[name])}


def _restores(body: list[bytes]) -> bool:
    """True for a function that writes back what it loaded and changes nothing: it mends a copy, and counts nothing."""
    joined = b"\n".join(body)
    return b"load_env" in joined and b"save_env" in joined and not any(_SETS.match(line) for line in body)
