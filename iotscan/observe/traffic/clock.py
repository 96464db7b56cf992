"""What a capture itself tells of the clock of whoever captured, by which it is judged whether a certificate held.

Who is told the time in it (NTP, the date of an answer of HTTP) and the certificates of public authorities are
witnesses: each bounds how far that clock may have been off. Sources: RFC 5905 section 7.3; RFC 9110 section 6.6.1;
RFC 5280 section 4.1.2.5; docs/decisions/0057.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

import msgspec

from iotscan.model.facts import Certificate, ServerProof
from iotscan.model.facts.tls_use import Fault

CERTAIN: Final = timedelta(days=30)
"""Clocks stand still or begin anew at an early day; for one that is ahead by more, somebody has to set it so."""
_SECOND: Final = 1_000_000_000
_HOUR: Final = 3600 * _SECOND
_DAY: Final = 24 * _HOUR
_NEAR: Final = 7
"""Days for which what was told of a clock counts, before and after: files of several machines are read together."""
_A_DAY: Final = 64
_DAYS: Final = 400
"""Witnesses that are kept of one day, and days."""
_ASKED: Final = 64
"""Witnesses that are asked of one moment, the nearest first: there may be a hundred thousand handshakes."""
_DATES: Final = ("expired", "not-yet-valid")


class Witness(msgspec.Struct, frozen=True):
    """So many nanoseconds at least and at most have to be added to the time of the capture, to come to the true one."""

    least: int
    most: int
    words: str


class Clock:
    """The witnesses of some captures. Bounded."""

    def __init__(self) -> None:
        self._days: dict[int, dict[str, Witness]] = {}
        self._about: dict[int, tuple[Witness, ...]] = {}
        """Who is asked about a day, until somebody else is heard: thousands of handshakes ask about the same one."""

    def hear(self, at: int, told: int, words: str) -> None:
        """Somebody told the time. An answer that was kept for some hours tells an earlier one."""
        self._add(at, words, Witness(told - at - _HOUR, told - at + _DAY, words))

    def show(self, at: int, proof: ServerProof) -> None:
        """A server showed a certificate. A public authority's was issued before, and mostly has not ended."""
        leaf = proof.certificates[0] if proof.certificates else None
        if leaf is None or not proof.publicly_trusted.known:
            return
        words = f"the certificate of {', '.join(leaf.names[:1]) or leaf.subject}, of a public authority,"
        self._add(at, leaf.sha256, Witness(_since(leaf.not_before) - at, _since(leaf.not_after) - at, words))

    def _add(self, at: int, source: str, witness: Witness) -> None:
        day = at // _DAY
        if day not in self._days and len(self._days) >= _DAYS:
            return
        kept = self._days.setdefault(day, {})
        if len(kept) < _A_DAY and source not in kept:
            self._about.clear()
            kept[source] = witness

    def _near(self, at: int) -> tuple[Witness, ...]:
        day = at // _DAY
        if day not in self._about:
            if len(self._about) >= _DAYS:
                self._about.clear()
            self._about[day] = tuple(islice(self._nearest(day), _ASKED))
        return self._about[day]

    def _nearest(self, day: int) -> Iterator[Witness]:
        """Each source once: what it told on the nearest day."""
        met = set[str]()
        for near in sorted(range(day - _NEAR, day + _NEAR + 1), key=lambda each: abs(each - day)):
            for source, witness in self._days.get(near, {}).items():
                if source not in met:
                    met.add(source)
                    yield witness

    def is_borne_out(self, at: int) -> bool:
        """Whether most of those who told the time near ``at`` say that the capture's clock was right, to a day."""
        told = [w for w in self._near(at) if w.most - w.least <= 2 * _DAY]
        return 2 * sum(map(_is_close, told)) > len(told)

    def judged(self, proof: ServerProof, at: int) -> ServerProof:
        """What a server showed at ``at``, without what that clock alone says of its dates."""
        if not proof.certificates:
            return proof
        leaf = proof.certificates[0]
        fault: Fault | None = next((f for f in proof.faults if f in _DATES), None)
        stands, falls = self._votes(fault, leaf, at)
        if falls and len(falls) >= len(stands):
            return _opened(proof, fault, f"{falls[0].words} contradicts it")
        if fault is None or stands:
            return proof
        # Who is behind is common, who is far ahead is not.
        if fault == "expired" and at - _since(leaf.not_after) >= CERTAIN // timedelta(microseconds=1) * 1000:
            return proof
        return _opened(proof, fault, "nothing in the capture bears it out")

    def _votes(self, fault: Fault | None, leaf: Certificate, at: int) -> tuple[list[Witness], list[Witness]]:
        """Whose word the verdict on the dates stands by, and by whose it falls."""
        begins, ends = _since(leaf.not_before), _since(leaf.not_after)
        witnesses = self._near(at)
        late = [w for w in witnesses if at + w.least > ends]
        early = [w for w in witnesses if at + w.most < begins]
        if fault == "expired":
            return late, [w for w in (*witnesses, _today(at)) if at + w.most < ends]
        if fault == "not-yet-valid":
            return early, [w for w in witnesses if at + w.least >= begins]
        within = [w for w in witnesses if begins <= at + w.least and at + w.most <= ends]
        return within, [w for w in (*late, *early) if not _is_close(w)]


def _is_close(witness: Witness) -> bool:
    """Whether by its word that clock is off by no more than no verdict on dates minds."""
    return witness.least <= _DAY and witness.most >= -_DAY


def _today(at: int) -> Witness:
    """Nothing was captured later than now."""
    now = int(datetime.now(UTC).timestamp()) * _SECOND
    return Witness(-at, now + _DAY - at, "the clock of this machine, which is behind the capture's,")


def _opened(proof: ServerProof, fault: Fault | None, why: str) -> ServerProof:
    """Without the fault, and with why nothing is said of it."""
    # The dates come first among the words of the faults.
    said, _, rest = proof.detail.partition("; ") if fault else ("it held when it was shown", "", proof.detail)
    return msgspec.structs.replace(
        proof,
        faults=tuple(each for each in proof.faults if each != fault),
        detail=rest,
        open_dates=f"{said}, by the clock of whoever captured, and {why}",
    )


def _since(moment: datetime) -> int:
    """Nanoseconds since 1970."""
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)) * _SECOND
