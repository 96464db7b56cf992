"""A change applied as its record says it, by a machine that knows nothing else of it."""

import re
from collections.abc import Mapping
from pathlib import Path

from iotscan.model.remedy import Remedy


def amend(root: Path, remedy: Remedy, fill: Mapping[str, str]) -> None:
    """Change the files below ``root`` as ``remedy`` says; ``fill`` is what stands for its placeholders."""
    for pattern in (remedy.file, *remedy.also):
        for path in root.glob(pattern.lstrip("/")):
            path.write_text(_without(path.read_text(), remedy.remove))
    if remedy.text:
        path = root / remedy.file.lstrip("/")
        old = path.read_text() if path.exists() else ""
        path.parent.mkdir(parents=True, exist_ok=True)
        # A record speaks of the whole machine's files.
        text = re.sub(r'(?<=[ "])/etc/', f"{root}/etc/", filled(remedy.text, fill))
        path.write_text(_with(old, remedy.after, text))


def filled(text: str, fill: Mapping[str, str]) -> str:
    """``text`` with every placeholder filled in."""
    for name, word in fill.items():
        text = text.replace(name, word)
    return text


def _without(text: str, patterns: tuple[str, ...]) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not any(re.fullmatch(p, line.rstrip("\n")) for p in patterns))


def _with(text: str, after: str, more: str) -> str:
    if not after:
        return f"{text.rstrip()}\n{more}".lstrip("\n")
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        if re.fullmatch(after, line.rstrip("\n")):
            return "".join((*lines[: number + 1], more, *lines[number + 1 :]))
    raise AssertionError(f"no line is {after!r}")
