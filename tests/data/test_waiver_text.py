"""Waiver files edited as text: one entry more or less, and every other byte as it was."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.data.waiver_file import Target, WaiverEntry, WaiverFile, parse_waivers
from iotscan.data.waiver_text import FRESH, add_entry, drop_entries
from iotscan.model.errors import BadInput
from iotscan.model.vocabulary import Severity
from tests.data.test_waiver_file import KNOWN, SAMPLE, TODAY

PATH = Path("w.yaml")
TEXT = SAMPLE.read_text()


def read(text: str) -> WaiverFile:
    return parse_waivers(text, PATH, KNOWN, today=TODAY)


def entry(**more: object) -> WaiverEntry:
    given = {
        "id": "W-2026-017",
        "check": "tls-versions",
        "target": Target(asset="hub-1", service="tcp/443"),
        "decision": "risk_accepted",
        "reason": "because",
        "owner": "jane",
        "created": date(2026, 11, 20),
        "expires": date(2027, 1, 1),
    }
    return WaiverEntry(**(given | more))  # type: ignore[arg-type]


def assert_only_added(before: str, after: str) -> None:
    """Take some lines out of ``after`` in one place, and ``before`` is left."""
    size = len(after) - len(before)
    assert any(after[:at] + after[at + size :] == before for at in range(len(before) + 1))


LAYOUTS = {
    "sample": TEXT,
    "no list": "schema: iotscan/waivers@1\n",
    "no last line end": "schema: iotscan/waivers@1",
    "no attestations": TEXT.partition("attestations:")[0],
    "not indented": "schema: iotscan/waivers@1\nwaivers:\n- id: W-1\n  check: tls-versions\n  target: {asset: x}\n"
    "  decision: false_positive\n  reason: |\n    two\n\n    lines\n\n  owner: o\n  created: 2026-11-01\n"
    "  expires: 2026-12-01 # soon\n# the end\nattestations: []\n",
    "block last": "schema: iotscan/waivers@1\nwaivers:\n  - id: W-1\n    check: tls-versions\n    target: {asset: x}\n"
    "    decision: false_positive\n    owner: o\n    created: 2026-11-01\n    expires: 2026-12-01\n    reason: >-\n"
    "      one\n      two\n\n# a word at the end\n",
    "carriage returns": TEXT.replace("\n", "\r\n"),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_an_entry_more(name: str) -> None:
    text = LAYOUTS[name]
    edited = add_entry(text, "waivers", entry(), PATH)
    held = read(text)
    assert read(edited) == WaiverFile(waivers=(*held.waivers, entry()), attestations=held.attestations)
    assert_only_added(text if text.endswith("\n") else text + "\n", edited)
    assert ("\r\n" in edited) is ("\r\n" in text)
    assert edited.count("\r\n") == (edited.count("\n") if "\r\n" in text else 0)


def test_an_empty_list_is_opened() -> None:
    text = "# top\nschema: iotscan/waivers@1\nwaivers: []  # none yet\nattestations: []\n"
    edited = add_entry(text, "waivers", entry(), PATH)
    assert read(edited).waivers == (entry(),)
    assert edited.startswith("# top\nschema: iotscan/waivers@1\nwaivers:  # none yet\n  - id: W-2026-017\n")
    assert edited.endswith("\nattestations: []\n")


def test_entries_that_stand_apart_stay_apart() -> None:
    edited = add_entry(TEXT, "waivers", entry(), PATH)
    assert "allow_glob: true}\n\n  - id: W-2026-017\n" in edited


@pytest.mark.parametrize(
    "text",
    [
        '{"schema": "iotscan/waivers@1", "waivers": []}',
        "schema: iotscan/waivers@1\nwaivers: [{id: W-1, check: tls-versions, target: {asset: x},"
        " decision: false_positive, reason: r, owner: o, created: 2026-11-01, expires: 2026-12-01}]\n",
    ],
)
def test_a_layout_that_we_cannot_edit_is_refused(text: str) -> None:
    read(text)
    with pytest.raises(BadInput, match="by hand") as error:
        add_entry(text, "waivers", entry(), PATH)
    assert "W-2026-017" in str(error.value)


@pytest.mark.parametrize(
    "gone", [{"W-2026-014"}, {"W-2026-015"}, {"W-2026-016", "W-2026-014"}, {"A-2026-001"}, {"W-9"}]
)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_entries_less(gone: set[str], ending: str) -> None:
    text = TEXT.replace("\n", ending)
    edited = drop_entries(text, gone, PATH)
    held = read(text)
    assert [e.id for e in read(edited).entries] == [e.id for e in held.entries if e.id not in gone]
    kept = [line for line in text.splitlines(keepends=True) if line.lstrip().startswith("#")]
    assert all(comment in edited for comment in kept)
    left = edited.replace("attestations: []", "attestations:").splitlines(keepends=True)
    assert is_part_of(left, text.splitlines(keepends=True)), "lines go and no other line changes"


def is_part_of(some: list[str], all_of_them: list[str]) -> bool:
    rest = iter(all_of_them)
    return all(line in rest for line in some)


def test_a_list_that_is_emptied_stays_a_list() -> None:
    edited = drop_entries(TEXT, {"W-2026-014", "W-2026-015", "W-2026-016", "A-2026-001"}, PATH)
    assert read(edited) == WaiverFile()
    assert "waivers: []\n" in edited
    assert read(add_entry(edited, "waivers", entry(), PATH)).waivers == (entry(),)


WORDS = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Cn", "Co"]), min_size=1, max_size=30).filter(str.strip)


@given(
    st.sampled_from(sorted(LAYOUTS)),
    WORDS,
    WORDS
    | st.sampled_from(["null", "true", "~", "0x10", "1e3", "- a", "a: b", "#x", "'", '"', "{", "2026-11-01", "\\n"]),
    st.sampled_from([None, *Severity]),
    st.sampled_from(["", "0123456789012345", "abcdefabcdefabcd", "1e23456789012345"]),
)
@settings(deadline=None, max_examples=60)
def test_whatever_is_said_is_read_back(
    layout: str, reason: str, owner: str, worst: Severity | None, fingerprint: str
) -> None:
    more = entry(reason=reason, owner=owner, max_severity=worst, fingerprint=fingerprint)
    held = read(LAYOUTS[layout])
    edited = add_entry(LAYOUTS[layout], "waivers", more, PATH)
    assert read(edited).waivers == (*held.waivers, more)
    assert read(drop_entries(edited, {more.id}, PATH)) == held


def test_a_fresh_file_holds_nothing() -> None:
    assert read(FRESH) == WaiverFile()
