"""Appendix: Terms and definitions. The words of this report, each with what exactly it says."""

from typing import Final

from iotscan.report.audit.cells import fact
from iotscan.report.audit.told import Told
from iotscan.report.document import Column, Facts, Section, Table, Tone, cell

_Rows = tuple[tuple[str, Tone, str], ...]
_SEVERITIES: Final[_Rows] = (
    ("critical", "critical", "gives control of a device, or its secrets, to anybody who can reach it"),
    ("high", "high", "breaks a protection on which the device relies, or takes little to be used"),
    ("medium", "medium", "weakens a protection; using it takes further conditions"),
    ("low", "low", "departs from good practice; hardly of use to an attacker alone"),
    ("info", "info", "worth knowing; counts in no grade"),
)
_OUTCOMES: Final[_Rows] = (
    ("good", "pass", "asked, answered, and as it should be"),
    ("failed", "fail", "asked, answered, and not as it should be: a finding"),
    ("not applicable", "", "the device or image has nothing that the question is about, and showed so"),
    ("not assessed", "unknown", "nobody knows; the reason and what it would take are given. Never counted as good"),
    ("error", "unknown", "the tool failed; counts as not assessed"),
)
_CONFIDENCE: Final[_Rows] = (
    ("certain", "", "proved: what was seen allows no other explanation"),
    ("firm", "", "well supported by what was seen, not proved"),
    ("tentative", "", "hinted at: look by hand before acting"),
)
_LETTERS: Final[_Rows] = (
    ("A", "a", "no finding above info"),
    ("B", "b", "1 to 3 low"),
    ("C", "c", "1 to 3 medium, or more than 3 low"),
    ("D", "d", "1 high, or more than 3 medium"),
    ("E", "e", "2 or 3 high"),
    ("F", "f", "any critical, or more than 3 high"),
    ("≤C", "c", "C at best: what was not assessed may turn out to be bad and lower it"),
    ("–", "unknown", "no grade: nothing was assessed, or nothing bad was seen while less than half was looked at"),
)
_STATUSES: Final[_Rows] = (
    ("new", "fail", "was not there in the audit before"),
    ("open", "warn", "was there before, and still is"),
    ("changed", "warn", "is still there in another form or severity"),
    ("fixed", "pass", "asked again and answered well, or no longer applicable"),
    ("not retested", "unknown", "not asked again, or its device was not seen: nothing is known"),
    ("accepted", "", "its owner decided to live with it until a date; it still counts in the grades"),
)
_ELEMENTS: Final = (
    ("Hardware", "debugging access, boot, storage and keys at rest"),
    ("Updates", "whether software can be renewed, and only by whom it should be"),
    ("Communication", "what is said over the network, and who may listen, change it or take part"),
    ("Keys", "passwords, keys and certificates: whose they are, how strong, how they are renewed"),
    ("Cloud", "what a device needs of back ends and gives to them, and how its flaws are reported"),
)
_TERMS: Final = (
    ("Coverage", "the share of applicable questions that were assessed; a question counts once a device or image"),
    ("Grade of a device", "the letter of its weakest element; of a network, that of its weakest device"),
    ("Observed, configured", "seen on a running device; read in an image, where the device may later differ"),
    ("Waiver", "a decision, by a named person and until a date, to accept a finding"),
    ("Attestation", "a person's word on what no tool can see, with a reference and until a date"),
    ("Fingerprint", "a short name of a finding that stays the same from audit to audit"),
    ("Audit log", "a record of everything that was sent, each entry sealed by the next"),
)


def section(told: Told) -> Section | None:
    """The appendix."""
    blocks = (
        _table("severities", "Severities", "Severity", _SEVERITIES),
        _table("outcomes", "Answers to a question", "Answer", _OUTCOMES),
        _table("confidence", "How sure a finding is", "Confidence", _CONFIDENCE),
        _table("grades", "Grades, by the findings of an element", "Grade", _LETTERS),
        *((_table("statuses", "Status since the audit before", "Status", _STATUSES),) if told.material.retests else ()),
        Facts(rows=tuple(fact(*row) for row in (*_ELEMENTS, *_TERMS))),
    )
    return Section(id="glossary", title="Terms and definitions", blocks=blocks, is_appendix=True)


def _table(id: str, caption: str, first: str, rows: _Rows) -> Table:
    return Table(
        id=f"glossary-{id}",
        caption=caption,
        columns=(Column(title=first), Column(title="Meaning", weight=5)),
        rows=tuple((cell(word, tone), cell(meaning)) for word, tone, meaning in rows),
    )
