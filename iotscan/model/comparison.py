"""Two runs side by side: what came, what went, what nobody looked at any more. Schema ``iotscan/diff@1``."""

from typing import Literal

import msgspec

from iotscan.model.run import Status
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Element, Severity

SCHEMA = "iotscan/diff@1"
What = Literal["added", "changed", "fixed", "no_longer_assessed", "unchanged"]
WHATS: tuple[What, ...] = ("added", "changed", "fixed", "no_longer_assessed", "unchanged")
"""In the order in which they are told."""


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two runs, and by which rules it was judged for this comparison."""

    run: str
    command: str
    started: str
    status: Status
    as_of: str
    tool: str
    profile: str
    profile_sha256: str
    judged_again: bool = False
    """Its stored results came from other rules than the other run's, so it was judged once more."""


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One finding of either run and what became of it.

    ``fixed`` says that the question was asked again and answered well, or no longer applies; where it was not
    asked, or its device was not seen, it is ``no_longer_assessed`` and ``note`` says why. ``*_before`` are of
    the old run and empty in what was added; the others are of the new run where the finding is in it.
    """

    what: What
    check: str
    element: Element
    severity: Severity
    severity_before: Severity | None = None
    variant: str
    variant_before: str = ""
    title: str
    owner: str
    """What a person calls the device or image."""
    subject: Subject
    summary: str
    observed: str = ""
    observed_before: str = ""
    fingerprint: str = ""
    fingerprint_before: str = ""
    waiver: str = ""
    note: str = ""
    is_known: bool = False
    """The baseline covers it: the same finding, and not graver than it was."""


class Shift(msgspec.Struct, frozen=True, kw_only=True, order=True, omit_defaults=True):
    """One thing that differs between two sights of a device.

    ``what`` is ``address``, ``mac``, ``name``, ``vendor``, ``product``, ``model``, ``firmware``, ``kind``, ``system``,
    ``service`` or ``certificate``. ``before`` is empty for what came, ``after`` for what went; ``note`` says how it
    went, or that it was not asked for before.
    """

    what: str
    before: str = ""
    after: str = ""
    note: str = ""


class Member(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A device or image of either run. ``known_by`` is the kind of mark that both runs have of it.

    ``gone`` is a device that the new run looked for by every way that had found it, to the end, and did not see;
    where it did not look it is ``not_looked_for``, and ``note`` says why. That of an ``added`` one says that it was
    not looked for before.
    """

    what: Literal["added", "gone", "kept", "not_looked_for"]
    kind: Literal["device", "image"]
    id: str
    label: str
    address: str = ""
    address_before: str = ""
    known_by: str = ""
    note: str = ""
    shifts: tuple[Shift, ...] = ()
    """What differs of a device that both runs saw."""


class GradeChange(msgspec.Struct, frozen=True, kw_only=True):
    """The letters of a device, an image or the network in both runs, as they are shown (``≤C``)."""

    owner: str
    before: str
    after: str


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """All that differs between two runs, and the findings that do not."""

    schema: str = SCHEMA
    old: Side
    new: Side
    changes: tuple[Change, ...] = ()
    members: tuple[Member, ...] = ()
    grades: tuple[GradeChange, ...] = ()
    passes_lost: int = 0
    """Questions that passed in the old run and are open in the new one, on devices and images of both."""
    notes: tuple[str, ...] = ()
    """What a reader must know of the comparison itself."""

    def of(self, what: What) -> tuple[Change, ...]:
        """The changes of one kind."""
        return tuple(c for c in self.changes if c.what == what)

    @property
    def counts(self) -> dict[What, int]:
        """How many of each kind, zeros included."""
        return {what: len(self.of(what)) for what in WHATS}

    @property
    def is_of_lists(self) -> bool:
        """True where both runs only list devices: nothing was judged."""
        return self.old.command == self.new.command == "discover"

    def members_of(self, what: str) -> tuple[Member, ...]:
        """The devices and images of one kind: ``added``, ``gone``, ``kept``, ``not_looked_for``."""
        return tuple(m for m in self.members if m.what == what)

    @property
    def differs(self) -> bool:
        """True unless the two runs say the same."""
        is_moved = any(c.what != "unchanged" for c in self.changes) or any(m.what != "kept" for m in self.members)
        # To a scan an address is no difference; a list of devices is about nothing else.
        shifts = [s for m in self.members for s in m.shifts]
        is_moved |= any(self.is_of_lists or s.what == "certificate" for s in shifts)
        return is_moved or bool(self.passes_lost) or any(g.before != g.after for g in self.grades)
