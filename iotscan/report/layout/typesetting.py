"""``python -m iotscan.report.layout.typesetting``: typst in a process of its own, which can be stopped.

Reads ``{"template", "logo", "data", "moment"}`` as JSON from standard input: two texts of files, the document as JSON
text, and seconds since 1970. Writes the PDF to standard output and ends with 0; else ends with 1 and ``{"message",
"diagnostic"}`` as JSON. What is typeset is words of devices: none of them can run, and one may still be slow.
"""

import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

_UNSHOWN = re.compile(r'the text `"((?:[^"\\]|\\.)*)"` could not be displayed')
_ESCAPE = re.compile(r"\\u\{([0-9a-f]{1,6})\}|\\(.)")
_ROUNDS: Final = 4
"""Turns in which letters without a glyph are spelt out, before every letter that is not ASCII is."""
MEMORY: Final = 8_000_000_000
"""Bytes beyond which nothing more is given: three times what 20,000 findings take."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be typeset."""

    template: str
    logo: str
    data: str
    moment: int


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """Why it was not."""

    message: str
    diagnostic: str


def typeset(files: Mapping[str, bytes], data: str, moment: int) -> bytes:
    """Typst's answer. What no font has is spelt out: PDF/UA allows no letter that shows as nothing."""
    import typst

    strange = set(_strange(data))
    missing = _without_glyph(strange) if strange else set()
    for turn in range(_ROUNDS + 1):
        if turn == _ROUNDS:
            missing = strange
        try:
            return _compile({**files, "report.json": _spelt(data, missing)}, moment)
        except typst.TypstError as error:
            found = {c for text in _unshown(error) for c in text if ord(c) > 0x7F} - missing
            if not found and (turn == _ROUNDS or "could not be displayed" not in str(error.message)):
                raise
            missing |= found or strange
    raise AssertionError


def _compile(files: Mapping[str, bytes], moment: int) -> bytes:
    import typst

    # Nothing is read from this machine but fonts: all files are handed over, packages are looked for in an empty place.
    with tempfile.TemporaryDirectory(prefix="iotscan-typst-") as empty:
        typeset: Any = typst.compile  # its types know no files in memory
        made: bytes = typeset(
            dict(files),
            root=empty,
            package_path=empty,
            package_cache_path=empty,
            format="pdf",
            pdf_standards=["ua-1"],
            timestamp=moment,
        )
    return made


def _strange(data: str) -> Iterator[str]:
    return (c for c in set(data) if ord(c) > 0x7F)


def _without_glyph(letters: set[str]) -> set[str]:
    """Those that no font here shows, asked of typst itself: it knows in which font it would look."""
    import typst

    shown = {"letters": sorted(letters)}
    source = b'#set document(title: "x")\n#for it in json("report.json").letters { par(text(it)) }'
    try:
        _compile({"main.typ": source, "report.json": msgspec.json.encode(shown)}, 0)
    except typst.TypstError as error:
        return {c for text in _unshown(error) for c in text} & letters
    return set()


def _unshown(error: Any) -> Iterator[str]:
    for said in _UNSHOWN.findall(str(error.diagnostic)):
        yield _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else m[2], said)


def _spelt(data: str, missing: set[str]) -> bytes:
    r"""The JSON with those letters as ``\\u4e2d``: six letters of text, no escape of JSON."""
    if not missing:
        return data.encode()
    spelling = {ord(c): f"\\\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\\\U{ord(c):08x}" for c in missing}
    return data.translate(spelling).replace('"spelt":false', '"spelt":true', 1).encode()


def confine() -> None:
    """Not more than :data:`MEMORY`, and no core: a hostile document must not take the machine."""
    import resource

    for which, wanted in ((resource.RLIMIT_DATA, MEMORY), (resource.RLIMIT_CORE, 0)):
        _, most = resource.getrlimit(which)
        allowed = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(which, (allowed, allowed))


def main() -> int:
    """Typeset one job."""
    import typst

    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    if sys.platform == "linux":
        confine()
    try:
        # Files in memory are text to typst: a picture goes in as numbers.
        made = typeset({"main.typ": job.template.encode(), "logo.json": job.logo.encode()}, job.data, job.moment)
    except typst.TypstError as error:
        trouble = Trouble(message=str(error.message), diagnostic=str(error.diagnostic))
        sys.stdout.buffer.write(msgspec.json.encode(trouble))
        return 1
    sys.stdout.buffer.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
