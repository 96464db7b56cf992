"""Templates of the assessor's that stand in for blocks of the page, rendered where they can do no harm.

They are read here, whole, and rendered by :mod:`iotscan.report.layout.sandbox` in a process of its own that has no
file open, little memory and little time: a template is a program, and nobody reads one that came with a logo.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from iotscan.model.errors import BadInput
from iotscan.report.words import clean
from iotscan.shipped import PACKAGE, shipped

SECONDS: Final = 10.0
"""Until a template must be done: the processor's time and, doubled, the wall's."""
SUFFIX: Final = ".html.j2"
STYLE: Final = "page.css"
OURS: Final = "iotscan/"
"""Before the name of a template of ours, as ``{% extends "iotscan/cover.html.j2" %}``."""
_LARGEST: Final = 262_144
_MOST: Final = 64


class Overrides(msgspec.Struct, frozen=True, kw_only=True):
    """A brand's templates by block, all sources by name, and a style of its own."""

    folder: str = ""
    templates: Mapping[str, str] = {}
    """Block -> name of its template."""
    sources: Mapping[str, str] = {}
    style: str = ""

    def render(self, block: str, page: Mapping[str, Any]) -> str:
        """The markup of one block. Raises :class:`BadInput`, which names file and line."""
        name = self.templates[block]
        told = _child({"name": name, "sources": {**_ours(), **self.sources}, "page": page}, f"{self.folder}/{name}")
        if "error" in told:
            place = str(told.get("file") or name)
            shown = f"{self.folder}/{place}" if not place.startswith(OURS) else place
            line = f":{told['line']}" if told.get("line") else ""
            raise BadInput(f"{clean(shown, 300)}{line}: {clean(str(told['error']), 300)}")
        return str(told["markup"])


def read_overrides(folder: str, blocks: tuple[str, ...]) -> Overrides:
    """The templates in ``folder`` that stand in for ``blocks``, and those that these include.

    Raises :class:`BadInput` where a file cannot be read, leads out of the folder, or stands in for nothing we have.
    """
    root = Path(folder)
    if not root.is_dir():
        raise BadInput(f"{clean(folder, 300)} is no folder with templates")
    sources = dict(_read(root))
    # What stands in the folder itself replaces a block; parts to include begin with "_" or lie in a folder below.
    named = {name: name.removesuffix(SUFFIX) for name in sources if "/" not in name and not name.startswith("_")}
    for name, block in named.items():
        if block not in blocks:
            raise BadInput(f"{clean(f'{folder}/{name}', 300)}: there is no such block; there are {', '.join(blocks)}")
    return Overrides(
        folder=folder,
        templates={block: name for name, block in named.items()},
        sources=sources,
        style=_own_style(root),
    )


def _read(root: Path) -> Iterator[tuple[str, str]]:
    found = sorted(root.rglob(f"*{SUFFIX}"))
    if len(found) > _MOST:
        raise BadInput(f"{clean(str(root), 300)} holds more than {_MOST} templates")
    for path in found:
        yield path.relative_to(root).as_posix(), _text(path, root)


def _own_style(root: Path) -> str:
    path = root / STYLE
    if not path.exists():
        return ""
    text = _text(path, root)
    if "</" in text or "<!--" in text:
        raise BadInput(f"{clean(str(path), 300)}: a style sheet holds no </ and no <!--")
    return text


def _text(path: Path, root: Path) -> str:
    shown = clean(str(path), 300)
    if not path.resolve().is_relative_to(root.resolve()):
        raise BadInput(f"{shown} leads out of the folder of templates")
    if not path.is_file():
        raise BadInput(f"{shown} is no file")
    try:
        raw = path.read_bytes()
        if len(raw) > _LARGEST:
            raise BadInput(f"{shown} is larger than {_LARGEST // 1024} KiB")
        return raw.decode()
    except OSError as error:
        raise BadInput(f"{shown} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{shown} is not UTF-8 text") from error


def _ours() -> dict[str, str]:
    folder = shipped("reports") / "templates" / "audit"
    names = (
        path for path in sorted(folder.glob(f"*{SUFFIX}")) if path.name not in (f"page{SUFFIX}", f"blocks{SUFFIX}")
    )
    return {f"{OURS}{path.name}": path.read_text(encoding="utf-8") for path in names}


def _child(request: dict[str, Any], shown: str) -> dict[str, Any]:
    """What the sandbox answers; BadInput where it was stopped."""
    command = (sys.executable, "-P", "-s", "-m", "iotscan.report.layout.sandbox", str(int(SECONDS)))
    # Nothing of the user's environment belongs there.
    environment = {"PYTHONPATH": str(PACKAGE.parent), "PYTHONIOENCODING": "utf-8", "PATH": "/usr/bin:/bin"}
    try:
        ended = subprocess.run(
            command,
            input=json.dumps(request).encode(),
            capture_output=True,
            timeout=2 * SECONDS,
            env=environment,
            cwd="/",
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BadInput(f"{clean(shown, 300)}: it was stopped after {2 * SECONDS:g} seconds") from error
    try:
        return dict(json.loads(ended.stdout))
    except ValueError as error:
        raise BadInput(
            f"{clean(shown, 300)}: it was stopped: it takes more than {SECONDS:g} seconds or too much memory"
        ) from error
