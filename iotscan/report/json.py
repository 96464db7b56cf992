"""The run as JSON: the canonical format, of which every other one is a view. And how JSON is written here at all."""

import re
from typing import Any, Literal

import msgspec

from iotscan.model.run import Run

_UNSAFE = re.compile(
    "[\x7f-\x9f\u00ad\u034f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
"""What a terminal or an editor may act on and JSON need not escape (C0 and ESC it must)."""


def render(run: Run) -> str:
    """The run file's content, indented by two, keys in a fixed order, ending in a newline."""
    return document(run, order="deterministic")


def document(content: Any, *, order: Literal["deterministic"] | None = None) -> str:
    """``content`` as JSON, indented by two, ending in a newline.

    Struct fields keep the model's order and maps their own, or are sorted with ``order``. Control, bidirectional
    and invisible characters are written as escapes, so that ``cat`` is harmless; the decoded value is the same.
    """
    return _escaped(msgspec.json.format(msgspec.json.encode(content, order=order), indent=2).decode()) + "\n"


def record(content: Any) -> str:
    """``content`` as JSON in one line that ends in a newline, escaped alike."""
    return _escaped(msgspec.json.encode(content).decode()) + "\n"


def _escaped(text: str) -> str:
    return _UNSAFE.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    units = found.group().encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
