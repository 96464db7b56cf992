"""A waiver file looked over, with a run or without one: what of it a person should mend. Pure."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time

import msgspec

from iotscan.assess.attesting import attest, statement_kinds
from iotscan.assess.check import Check
from iotscan.assess.waiving import has_expired, until, waive
from iotscan.data.waiver_file import Entry, WaiverEntry, WaiverFile
from iotscan.model.run import Run
from iotscan.model.text import safe_text
from iotscan.model.waiver import AttestationUse, WaiverUse


class Reviewed(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of every entry in a run, and what is to be mended, each with its id."""

    states: dict[str, tuple[str, str]]
    """Id -> state and what there is to say of it; empty without a run."""
    problems: tuple[str, ...]
    removable: tuple[str, ...]
    """The ids of what has expired and of what the run shows to be unused."""


def review(file: WaiverFile, checks: Iterable[Check], run: Run | None, *, today: date, expiring: int = 0) -> Reviewed:
    """Look a file over on a day (UTC).

    Without a run nobody can say what an entry covers: only its end and its breadth are looked at. ``expiring``
    is the number of days before its end from which an entry is a problem; 0 for those that have expired.
    """
    as_of = datetime.combine(today, time(), UTC)
    known = tuple(checks)
    asked = {c.id for c in run.checks} if run else set()
    kinds = statement_kinds(c for c in known if c.info.id in asked)
    devices, images = (run.devices, run.images) if run else ((), ())
    waived = waive(run.results if run else (), devices, images, file.waivers, as_of=as_of, asked=asked)
    stated = attest(file.attestations, devices, images, kinds, as_of=as_of)
    ends = [_end(entry, today, expiring) for entry in file.entries]
    others = [*waived.warnings, *(stated.warnings if run else ())]
    expired = {e.id for e in file.entries if has_expired(e, today)}
    unused = {u.id for u in waived.uses if u.state == "unused"}
    uses: tuple[WaiverUse | AttestationUse, ...] = (*waived.uses, *stated.uses)
    return Reviewed(
        states={use.id: (use.state, "; ".join(use.notes)) for use in uses} if run else {},
        problems=(*(end for end in ends if end), *(o for o in others if "expired" not in o)),
        removable=tuple(e.id for e in file.entries if e.id in expired | unused),
    )


def _end(entry: Entry, today: date, expiring: int) -> str:
    if isinstance(entry, WaiverEntry):
        kind, who = "waiver", f"owner {safe_text(entry.owner)}"
    else:
        kind, who = "attestation", f"by {safe_text(entry.by)}"
    said = until(entry, today, who, within=expiring or -1)
    return f"{kind} {entry.id} {said}" if said else ""
