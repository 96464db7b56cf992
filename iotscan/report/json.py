"""The run as JSON: the canonical format, of which every other one is a view."""

import re

import msgspec

from iotscan.model.run import Run

_UNSAFE = re.compile(
    "[\x7f-\x9f\u00ad\u034f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
"""What a terminal or an editor may act on and JSON need not escape (C0 and ESC it must)."""


def render(run: Run) -> str:
    """The run file's content, indented by two, keys in a fixed order, ending in a newline.

    Struct fields keep the model's order, maps are sorted. Control, bidirectional and invisible
    characters are written as escapes, so that ``cat`` is harmless; the decoded value is the same.
    """
    body = msgspec.json.format(msgspec.json.encode(run, order="deterministic"), indent=2).decode()
    return _UNSAFE.sub(_escape, body) + "\n"


def _escape(found: re.Match[str]) -> str:
    units = found.group().encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
