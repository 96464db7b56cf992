"""What the person who signs a report writes: versions, recipients, a judgement. Read and checked."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from iotscan.model.errors import BadInput
from iotscan.model.text import safe_text

if TYPE_CHECKING:
    from iotscan.model.material import Edition

_LINE: Final = 200
_PARAGRAPH: Final = 5000
_BYTES: Final = 64 * 1024
_SHAPE: Final = "write it as '1.0;2026-11-27;Jane Doe;First issue'"


def read_line(text: str, option: str) -> str:
    """A name or title: one line. Raises BadInput for what is none."""
    line = " ".join(text.split())
    if len(line) > _LINE:
        raise BadInput(f"{option} has {len(line)} characters, and room for {_LINE}: shorten it")
    if not line.isprintable():
        raise BadInput(f"{option} holds control characters: write it as plain text")
    return line


def read_edition(text: str) -> "Edition":
    """``VERSION;DATE;AUTHOR;CHANGE``; the change may hold semicolons. Raises BadInput."""
    from iotscan.model.material import Edition

    fields = [read_line(field, "--edition") for field in text.split(";", 3)]
    if len(fields) < 4 or not fields[0]:
        raise BadInput(f"--edition '{safe_text(text, 60)}' has {len(fields)} of 4 parts: {_SHAPE}")
    version, day, author, change = fields
    try:
        date.fromisoformat(day)
    except ValueError as error:
        raise BadInput(f"--edition has '{safe_text(day, 30)}' for its date: {_SHAPE}") from error
    return Edition(version=version, date=day, author=author, change=change)


def read_judgement(path: Path) -> tuple[str, ...]:
    """Paragraphs of a text file, an empty line between them. Raises BadInput."""
    try:
        with path.open("rb") as file:
            raw = file.read(_BYTES + 1)
        text = raw.decode()
    except OSError as error:
        raise BadInput(f"--judgement {path} cannot be read ({error.strerror}): name a text file") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"--judgement {path} is no UTF-8: save it as plain text") from error
    if len(raw) > _BYTES:
        raise BadInput(f"--judgement {path} is larger than {_BYTES >> 10} KiB: a summary needs a few paragraphs")
    if "PRIVATE KEY-----" in text:
        raise BadInput(f"--judgement {path} holds a private key: name the file with your words")
    paragraphs = tuple(safe_text(" ".join(part.split()), _PARAGRAPH) for part in _parts(text))
    if not paragraphs:
        raise BadInput(f"--judgement {path} is empty: write what the results mean for the client")
    return paragraphs


def _parts(text: str) -> list[str]:
    lines = "\n".join(line.strip() for line in text.splitlines())
    return [part for part in lines.split("\n\n") if part.strip()]
