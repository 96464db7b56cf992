"""How a report says things: reasons, counts, sentences. Shared by every writer that a person reads."""

import re
from collections.abc import Sequence

from iotscan.model.text import DEFAULT_LIMIT, safe_text
from iotscan.model.vocabulary import Reason

_JOINER = "\u034f"  # invisible, and printable only in name

_TYPEWRITER = str.maketrans({"≤": "<=", "–": "-", "—": "-", "…": "...", "·": ".", "×": "x", "→": "->"})
_SENTENCE_END = re.compile(r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)\s+(?=[A-Z`\"(])")

NOTHING = "–"
"""Shown in place of a letter when nothing is known."""

REASONS: dict[Reason, tuple[str, str]] = {
    Reason.TIMEOUT: ("no answer in time", "scan it again, alone or from nearer by"),
    Reason.UNREACHABLE: ("device not reachable", "check power and routing, then scan again"),
    Reason.UNREADABLE: ("could not be read", "look at it by hand and report the device to us"),
    Reason.PROBE_ERROR: ("our probe failed", "report it: this is a bug of ours"),
    Reason.MISSING_PRIVILEGE: ("privilege missing", "run iotscan with the privilege that the detail names"),
    Reason.MISSING_TOOL: ("tool missing", "install what the detail names"),
    Reason.BUDGET: ("packet budget spent", "scan fewer ports, or allow the device more"),
    Reason.DEADLINE: ("time budget spent", "allow the device more time"),
    Reason.INTERRUPTED: ("run interrupted", "resume the run"),
    Reason.LOCKED_OUT: ("stopped at a sign of lock-out", "wait until the lock-out ends, then scan again"),
    Reason.NOT_ASKED: ("the scan did not look for it", "scan again with the checks that are asked now"),
    Reason.NOT_OBSERVABLE: ("not visible from here", "look at an image of the device, or by hand"),
    Reason.CONSENT: (
        "consent not given",
        "grant it with --default-creds, --intrusive or --fetch-revocation, and a scope file that permits it",
    ),
    Reason.OUT_OF_SCOPE: ("outside the scope", "widen the scope"),
    Reason.EXCLUDED: ("excluded by the profile", "choose another profile"),
    Reason.NOT_ALLOWED: (
        "not allowed by the profile: equipment that a question can harm",
        "choose a profile that allows it, as controllers does",
    ),
    Reason.NEEDS_IMAGE: ("needs an image", "iotscan image PATH"),
    Reason.NEEDS_NETWORK: ("needs the live device", "iotscan scan TARGET"),
    Reason.NEEDS_TRAFFIC: ("needs recorded traffic", "give a capture of the device's traffic"),
    Reason.NEEDS_HISTORY: ("needs a second run", "scan again later: the history remembers the keys"),
    Reason.NEEDS_ATTESTATION: ("needs a person's word", "attest it in iotscan.waivers.yaml"),
}
"""Each reason in words, and what would lift it where the result itself does not say."""


def clean(text: str, limit: int = DEFAULT_LIMIT) -> str:
    """``text`` as one printable line. Facts already are; a run file from elsewhere may not be."""
    if text.isprintable() and _JOINER not in text and len(text) <= limit:
        return text
    return safe_text(text, limit)


def typewritten(text: str) -> str:
    """``text`` in 7 bits: our own symbols spelt out, anything else as its escape."""
    return text.translate(_TYPEWRITER).encode("ascii", "backslashreplace").decode("ascii")


def counted(number: int, noun: str, plural: str = "") -> str:
    """``1 device``, ``2 devices``, ``3 queries`` (with ``plural``)."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def listed(items: Sequence[str], most: int = 0) -> str:
    """``a, b and c``; with ``most``, ``a, b and 3 more``."""
    if most and len(items) > most:
        return f"{', '.join(items[:most])} and {len(items) - most} more"
    return " and ".join((", ".join(items[:-1]), items[-1])) if len(items) > 1 else "".join(items)


def first_sentence(prose: str, limit: int = 300) -> str:
    """The first sentence of a check's prose as one line."""
    line = " ".join(prose.split())
    return clean(_SENTENCE_END.split(line, maxsplit=1)[0], limit)


def is_randomised(mac: str) -> bool:
    """True when a MAC address is locally administered (IEEE 802: second lowest bit of the first octet)."""
    try:
        return bool(int(mac[:2], 16) & 0b10)
    except ValueError:
        return False
