"""Device text is one printable line, whatever the device sent."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.text import safe_text

HOSTILE = [
    b"\x1b]0;title\x07",
    b"\x1b]8;;file:///etc/passwd\x1b\\link\x1b]8;;\x1b\\",
    b"\x1b]52;c;Y2xpcA==\x07",
    b"\x9b31m",
    "a\u202eb".encode(),
    b"\xff\xfe\x00",
    "\u2028x\u2029".encode(),
]


@given(st.one_of(st.binary(max_size=600), st.text(max_size=600)), st.integers(1, 300))
def test_only_printable_characters_come_out(raw: bytes | str, limit: int) -> None:
    shown = safe_text(raw, limit)
    assert len(shown) <= limit
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in shown)


def test_hostile_sequences_become_visible() -> None:
    for raw in HOSTILE:
        shown = safe_text(raw)
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert shown.isprintable()


def test_plain_text_is_kept() -> None:
    assert safe_text(b"Acme IPCam 100") == "Acme IPCam 100"
    assert safe_text("Küche\n 2") == "Küche 2"


def test_long_text_is_cut_visibly() -> None:
    assert safe_text("x" * 500, 10) == "x" * 9 + "…"
