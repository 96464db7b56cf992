"""Waivers put on results. Pure: they take findings out of the gate and change no outcome and no grade.

Only a failed result can be waived. An expired waiver covers nothing, one with ``max_severity`` nothing graver.
What became of every waiver is told, whether it covers anything or not.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase

import msgspec

from iotscan.assess.targets import is_about_images, is_device_id, is_within, owners_of
from iotscan.data.waiver_file import Entry, Target, WaiverEntry, is_glob
from iotscan.model.device import Device, Image
from iotscan.model.result import Result
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Outcome, Severity
from iotscan.model.waiver import WaiverState, WaiverUse

SOON = 30
"""Days before its end from which an entry is said to expire soon."""
BROAD = 5
"""Findings that a waiver may cover without naming a service, a path or one finding."""
OVER_BROAD = "over-broad"
"""How the note of an over-broad waiver begins."""
_REASON_LIMIT = 1000


class Waived(msgspec.Struct, frozen=True, kw_only=True):
    """Results with the waivers that cover them, what became of each waiver, and what a person should mend."""

    results: tuple[Result, ...]
    uses: tuple[WaiverUse, ...]
    warnings: tuple[str, ...]


def waive(
    results: Sequence[Result],
    devices: Sequence[Device],
    images: Sequence[Image],
    waivers: Iterable[WaiverEntry],
    *,
    as_of: datetime,
    asked: Collection[str],
) -> Waived:
    """Put waivers on the findings that they cover: the first by id where several do.

    ``asked`` are the ids of the checks that the profile selects; a waiver of another one is not *unused*.
    Expiry is the end of the day, UTC. Waivers that earlier judging put on ``results`` are taken off.
    """
    today = as_of.astimezone(UTC).date()
    owners = {d.id for d in devices} | {i.id for i in images}
    plain = tuple(msgspec.structs.replace(r, waiver="") if r.waiver else r for r in results)
    entries = sorted(waivers, key=lambda w: w.id)
    if not entries:
        return Waived(results=plain, uses=(), warnings=())
    by_check: dict[str, list[Result]] = defaultdict(list)
    for result in plain:
        if result.subject.owner in owners:
            by_check[result.check].append(result)
    fates = [_Fate(w, by_check, devices, images, today, asked) for w in entries]
    holder: dict[int, str] = {}
    for fate in fates:
        for result in fate.covered:
            holder.setdefault(id(result), fate.entry.id)
    covered = tuple(msgspec.structs.replace(r, waiver=holder[id(r)]) if id(r) in holder else r for r in plain)
    holders = frozenset(holder.values())
    return Waived(
        results=covered,
        uses=tuple(f.use(holders) for f in fates),
        warnings=tuple(said for f in fates for said in f.warnings()),
    )


def has_expired(entry: Entry, today: date) -> bool:
    """True from the day after the last on which an entry counts."""
    return today > entry.expires


def until(entry: Entry, today: date, who: str, *, within: int = SOON) -> str:
    """``expired 12 days ago (owner …)``, ``expires in 9 days (owner …)``, or empty where that is further off."""
    days = (entry.expires - today).days
    if days < 0:
        return f"expired {_days(-days)} ago ({who})"
    if days <= within:
        return f"expires {'today' if not days else f'in {_days(days)}'} ({who})"
    return ""


def say_target(target: Target) -> str:
    """A target in words, as a run keeps it."""
    return safe_text(str(target), 400)


class _Fate:
    """What becomes of one waiver on one set of results."""

    def __init__(
        self,
        entry: WaiverEntry,
        by_check: Mapping[str, Sequence[Result]],
        devices: Sequence[Device],
        images: Sequence[Image],
        today: date,
        asked: Collection[str],
    ) -> None:
        self.entry = entry
        self._today = today
        self._asks = any(_names_check(entry, check) for check in asked)
        self._looks_there = bool(images) if is_about_images(entry.target) else bool(devices)
        self._owners = {o.id for o in owners_of(entry.target, devices, images)}
        named = (found for check, found in by_check.items() if _names_check(entry, check))
        on_owners = [r for found in named for r in found if r.subject.owner in self._owners]
        # What is open on a whole device or image is open at each of its places.
        is_open = (not _is_judged(r) and (_is_whole(r) or is_within(entry.target, r.subject)) for r in on_owners)
        self._is_told = bool(on_owners) and not any(is_open)
        found = (r for r in on_owners if r.outcome is Outcome.FAIL and is_within(entry.target, r.subject))
        self.fitting = tuple(r for r in found if entry.fingerprint in ("", r.fingerprint))
        worst = entry.max_severity.rank if entry.max_severity else max(s.rank for s in Severity)
        self._graver = tuple(r for r in self.fitting if r.severity.rank > worst)
        held = () if has_expired(entry, today) else self.fitting
        self.covered = tuple(r for r in held if r.severity.rank <= worst)

    @property
    def state(self) -> WaiverState:
        """What became of it."""
        if has_expired(self.entry, self._today):
            return "expired"
        if self.covered:
            return "applied"
        if self.fitting:
            return "void"
        return "not_asked" if self._untold() else "unused"

    def _untold(self) -> str:
        """Why this run does not tell whether the waiver is still needed; empty where it does."""
        if not self._asks:
            return "the profile leaves its check out"
        if not self._looks_there:
            return f"this run looks at no {'image' if is_about_images(self.entry.target) else 'device'}"
        if not self._owners:
            return "nothing that it names is in this run"
        if not self._is_told:
            return "its check could not be assessed there"
        return ""

    def use(self, holders: Collection[str]) -> WaiverUse:
        """How the run remembers it; ``holders`` are the ids of the waivers that findings bear."""
        entry = self.entry
        return WaiverUse(
            id=entry.id,
            check=entry.check,
            target=say_target(entry.target),
            decision=entry.decision,
            reason=safe_text(entry.reason, _REASON_LIMIT),
            owner=safe_text(entry.owner),
            expires=entry.expires.isoformat(),
            state=self.state,
            findings=tuple(sorted(r.fingerprint for r in self.fitting)),
            notes=tuple(self._notes(holders)),
            approved_by=safe_text(entry.approved_by),
            ticket=safe_text(entry.ticket),
        )

    def _notes(self, holders: Collection[str]) -> list[str]:
        pressing = until(self.entry, self._today, f"owner {safe_text(self.entry.owner)}")
        notes = [pressing] if pressing else []
        if self.state == "not_asked":
            notes.append(self._untold())
        if self._graver and self.entry.max_severity:
            notes.append(f"not covered: {_findings(len(self._graver))} graver than {self.entry.max_severity.value}")
        if self.covered and self.entry.id not in holders:
            notes.append("covers nothing that an earlier waiver does not")
        breadth = self._breadth()
        return [*notes, f"{OVER_BROAD}: {breadth}"] if breadth else notes

    def _breadth(self) -> str:
        """Why it covers more than a person can have meant; empty where it does not."""
        entry, target = self.entry, self.entry.target
        if entry.fingerprint:
            return ""
        if is_glob(entry.check):
            return "its check is a pattern"
        names_place, names_owner = target.service or target.path.strip("*/"), target.asset or target.ip or target.image
        owners = len({r.subject.owner for r in self.fitting})
        if owners > 1 and not (names_place and names_owner):
            return f"it covers {owners} devices or images"
        if len(self.fitting) > BROAD and not names_place:
            return f"it covers {len(self.fitting)} findings and names no service, path or fingerprint"
        return ""

    def warnings(self) -> list[str]:
        """What of it a person should mend, each with its id."""
        entry, state = self.entry, self.state
        who = f"owner {safe_text(entry.owner)}"
        said = []
        if state == "expired":
            said.append(until(entry, self._today, who))
        if state == "void":
            said.append(f"is void: {_findings(len(self._graver))} graver than it may cover ({who})")
        if state == "unused":
            said.append(f"is unused: nothing fails there any more ({who})")
        if state == "not_asked" and self._asks and self._looks_there and not self._owners and not entry.target.image:
            said.append(f"names nothing in this run ({say_target(entry.target)})")
        breadth = self._breadth()
        if self.fitting and not entry.fingerprint and is_device_id(entry.target.asset):
            said.append(
                "names a device by its id, which is made of its address: write its MAC address or serial number"
            )
        said += [f"is {OVER_BROAD}: {breadth}"] if breadth and state != "expired" else []
        return [f"waiver {entry.id} {words}" for words in said]


def _names_check(entry: WaiverEntry, check: str) -> bool:
    return fnmatchcase(check, entry.check.lower()) if is_glob(entry.check) else check == entry.check


def _is_judged(result: Result) -> bool:
    return result.outcome not in (Outcome.NOT_ASSESSED, Outcome.ERROR)


def _is_whole(result: Result) -> bool:
    return not (result.subject.service or result.subject.path)


def _days(number: int) -> str:
    return f"{number} day{'s' if number != 1 else ''}"


def _findings(number: int) -> str:
    return f"{number} finding{'s' if number != 1 else ''}"
