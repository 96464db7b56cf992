"""Trying a product's documented logins without harm, and claiming nothing that is not proved.

No credentials, then a stranger's, must fail before a documented pair counts. Every try is written to
the ledger before it is made, keeps its distance from the one before, and is the last at any sign of
lock-out.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, Literal, Protocol

import anyio
import msgspec

from iotscan.data.credential_records import EVERY_ACCOUNT, CredentialRecord, Pair
from iotscan.model.facts import DefaultLogin, kind_of
from iotscan.model.scope import TRIES_PER_ACCOUNT
from iotscan.model.secret import Secret
from iotscan.model.tried import Tried
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.credentials.reaction import STRANGER, Login, Reaction, Sign
from iotscan.observe.network.credentials.slowness import Slowness
from iotscan.observe.network.failures import DialError, PeerClosed, Refused, TimedOut
from iotscan.observe.network.probe import Missed, missed

Outcome = Literal["accepted", "rejected", "accepts_any", "open"]

MOST_PAIRS: Final = 3
"""Pairs that one service may see in a run, besides the stranger's."""
AROUND: Final = 2
"""Tries of strangers: before the pairs, and after one was let in."""
MOST_MISSES: Final = TRIES_PER_ACCOUNT - 1
"""Tries of one account that may fail in 24 hours: a third locks some accounts (pam_faillock's ``deny`` is 3)."""


class Tries(Protocol):
    """The ledger as the engine needs it; see ``iotscan.store.ledger``."""

    def may_try(self, device: Tried, account: str, *, misses: int = ...) -> bool:
        """Whether the account has tries left, ``misses`` of which may have failed."""
        ...

    def due_in(self, device: Tried, gap: float) -> float:
        """Seconds until the device has been left alone for ``gap`` seconds."""
        ...

    def note(self, device: Tried, account: str, *, misses: int = ...) -> bool:
        """Write the intent to try down, durably, before the try; False where another scan had the last one."""
        ...

    def note_taken(self, device: Tried, account: str) -> None:
        """Write down that the last try of the account was let in."""
        ...


async def left_alone(ledger: Tries, device: Tried, gap: float) -> None:
    """Return when no service of the device has seen a try for ``gap`` seconds. Raises OSError."""
    while (due := ledger.due_in(device, gap)) > 0:
        await anyio.sleep(due)


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A documented pair and the record that documents it."""

    pair: Pair
    record: CredentialRecord


class _Stop(Exception):
    """The examination ends here, without a verdict."""

    def __init__(self, missed: Missed) -> None:
        super().__init__(missed.detail)
        self.missed = missed


def not_tried(reason: Reason, detail: str) -> Missed:
    """A default login that was not tried, and why."""
    return Missed(need=kind_of(DefaultLogin), status=AttemptStatus.NOT_TRIED, reason=reason, detail=detail)


def candidates(records: Sequence[CredentialRecord]) -> tuple[Candidate, ...]:
    """Every documented pair once, in the order of the records."""
    firsts: dict[Pair, Candidate] = {}
    for record in records:
        for pair in record.pairs:
            firsts.setdefault(pair, Candidate(pair=pair, record=record))
    return tuple(firsts.values())


class Examination:
    """One service asked once. ``gap`` is in seconds between two tries; ``device`` is the ledger's key."""

    def __init__(
        self,
        login: Login,
        records: Sequence[CredentialRecord],
        *,
        device: Tried,
        ledger: Tries,
        gap: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._login = login
        self._records = records
        self._device = device
        self._ledger = ledger
        self._gap = gap
        self._slowness = Slowness(clock)
        self._tries = 0

    async def run(self) -> DefaultLogin | Missed:
        """The outcome, or why there is none."""
        try:
            return await self._examine()
        except _Stop as stop:
            return stop.missed
        except DialError as error:
            if self._tries and isinstance(error, Refused | PeerClosed):
                return self._locked(f"after a try: {error}")
            if isinstance(error, TimedOut) and self._slowness.is_known:
                return self._locked(f"after a try, and it was quicker before: {error}")
            return missed(DefaultLogin, error)

    async def rehearse(self) -> tuple[Candidate, ...] | DefaultLogin | Missed:
        """The pairs that :meth:`run` would try after a stranger's; else what it would say without any try.

        With a ledger that writes nothing, which counts them as tried and let in.
        """
        try:
            planned = await self._look()
            for candidate in planned if isinstance(planned, tuple) else ():
                self._ledger.note(self._device, self._account(candidate.pair), misses=MOST_MISSES)
                self._note_taken(candidate.pair)
            return planned
        except _Stop as stop:
            return stop.missed
        except DialError as error:
            return missed(DefaultLogin, error)

    async def _look(self) -> tuple[Candidate, ...] | DefaultLogin | Missed:
        """Offer nothing, and settle what may be tried then."""
        bare = await self._login.offer(None)
        if bare.sign is Sign.ACCEPTED:
            return self._outcome("open")
        if bare.sign is not Sign.REFUSED:
            return self._inconclusive(bare)
        allowed = [c for c in candidates(self._records) if self._may_try(c)][:MOST_PAIRS]
        if not allowed:
            return not_tried(Reason.BUDGET, "the accounts have had their tries of these 24 hours, or were locked")
        return tuple(allowed)

    async def _examine(self) -> DefaultLogin | Missed:
        allowed = await self._look()
        if not isinstance(allowed, tuple):
            return allowed
        control = await self._try(_stranger())
        if control.sign in (Sign.ACCEPTED, Sign.UNGUARDED):
            return await self._for_all()
        if control.sign not in (Sign.REFUSED, Sign.CLOSED):
            return self._inconclusive(control)
        return await self._try_pairs(allowed, control.sign)

    def _may_try(self, candidate: Candidate) -> bool:
        return self._ledger.may_try(self._device, self._account(candidate.pair), misses=MOST_MISSES)

    async def _try_pairs(self, allowed: Sequence[Candidate], refusal: Sign) -> DefaultLogin | Missed:
        untried = len(candidates(self._records)) - len(allowed)
        for candidate in allowed:
            if not self._may_try(candidate):
                untried += 1
                continue
            reaction = await self._try(candidate.pair)
            if reaction.sign in (Sign.ACCEPTED, Sign.UNGUARDED):
                self._note_taken(candidate.pair)
                return await self._controlled(candidate, reaction)
            if reaction.sign not in (Sign.REFUSED, refusal):
                return self._inconclusive(reaction)
        if untried:
            return not_tried(Reason.BUDGET, f"{untried} documented pairs were left untried to spare the accounts")
        return self._outcome("rejected")

    async def _controlled(self, candidate: Candidate, reaction: Reaction) -> DefaultLogin | Missed:
        """What a pair that was let in comes to: a honeypot refuses one guest and takes the next, whoever it is."""
        again = await self._stranger_again()
        if again is not None and again.sign in (Sign.ACCEPTED, Sign.UNGUARDED):
            return await self._for_all()
        is_refused = again is not None and again.sign in (Sign.REFUSED, Sign.CLOSED)
        if reaction.by_contrast and not is_refused:
            detail = "another answer than to a made-up user before, which one after it was not refused with"
            return self._inconclusive(Reaction(sign=Sign.UNCLEAR, detail=again.detail if again else detail))
        return self._outcome("accepted", candidate)

    async def _stranger_again(self) -> Reaction | None:
        """How a stranger fares after one was let in, None where nothing is heard of it; a lock-out is kept to."""
        try:
            again = await self._try(_stranger())
        except _Stop:
            return None
        except DialError as error:
            if isinstance(error, Refused | PeerClosed) or self._slowness.is_known:
                self._locked(f"after a try: {error}")
            return None
        if again.sign is Sign.LOCKED:
            self._locked(again.detail)
        return again

    async def _for_all(self) -> DefaultLogin | Missed:
        """A stranger was let in. That is a fault of the login as long as there is one: some ask once, or ban us."""
        bare = await self._login.offer(None)
        if bare.sign is Sign.REFUSED:
            return self._outcome("accepts_any")
        return self._inconclusive(Reaction(sign=Sign.UNCLEAR, detail="it asked for a login, and by now asks for none"))

    async def _try(self, pair: Pair) -> Reaction:
        """One try: wait, write it down, offer it."""
        try:
            await left_alone(self._ledger, self._device, self._gap)
            is_ours = self._ledger.note(self._device, self._account(pair), misses=MOST_MISSES)
        except OSError as error:
            raise _Stop(not_tried(Reason.PROBE_ERROR, "the ledger of tries cannot be written")) from error
        if not is_ours:
            raise _Stop(not_tried(Reason.BUDGET, "another scan has used the tries of these 24 hours"))
        self._tries += 1
        with self._slowness.timed():
            reaction = await self._login.offer(pair)
        if reaction.sign in (Sign.REFUSED, Sign.CLOSED) and (grown := self._slowness.refused()):
            raise _Stop(self._locked(grown))
        return reaction

    def _account(self, pair: Pair) -> str:
        """What the ledger calls the account; a password without a user is one of its protocol."""
        return self._login.sole_account or pair.user or f"({self._login.protocol})"

    def _note_taken(self, pair: Pair) -> None:
        with suppress(OSError):  # then it counts as a miss: fewer tries, no harm
            self._ledger.note_taken(self._device, self._account(pair))

    def _inconclusive(self, reaction: Reaction) -> Missed:
        if reaction.sign is Sign.LOCKED:
            return self._locked(reaction.detail)
        if reaction.sign in (Sign.UNSUITED, Sign.NO_LOGIN):
            return not_tried(Reason.NOT_OBSERVABLE, reaction.detail)
        return Missed(
            need=kind_of(DefaultLogin),
            status=AttemptStatus.UNREADABLE,
            reason=Reason.UNREADABLE,
            detail=reaction.detail,
        )

    def _locked(self, detail: str) -> Missed:
        """Stop, and leave the whole device alone for a day."""
        with suppress(OSError):
            self._ledger.note(self._device, EVERY_ACCOUNT)
        return not_tried(Reason.LOCKED_OUT, f"sign of a lock-out: {detail}")

    def _outcome(self, outcome: Outcome, candidate: Candidate | None = None) -> DefaultLogin:
        named = (candidate.record,) if candidate else self._records
        return DefaultLogin(
            protocol=self._login.protocol,
            outcome=outcome,
            product=", ".join(dict.fromkeys(r.name for r in named)),
            record=", ".join(r.id for r in named),
            account=candidate.pair.user if candidate else "",
            source=candidate.record.source if candidate else "",
            tries=self._tries,
        )


def _stranger() -> Pair:
    """A login nobody can have: the negative control."""
    return Pair(user=f"{STRANGER}{secrets.token_hex(4)}", password=Secret(secrets.token_hex(8)))
