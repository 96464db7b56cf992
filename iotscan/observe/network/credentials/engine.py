"""Trying a product's documented logins without harm, and claiming nothing that is not proved.

No credentials, then a stranger's, must fail before a documented pair counts. Every try is written to
the ledger before it is made, keeps its distance from the one before, and is the last at any sign of
lock-out.
"""

import secrets
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, Literal, Protocol

import anyio
import msgspec

from iotscan.data.credential_records import EVERY_ACCOUNT, CredentialRecord, Pair
from iotscan.model.facts import DefaultLogin, kind_of
from iotscan.model.secret import Secret
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.credentials.reaction import Login, Reaction, Sign
from iotscan.observe.network.failures import DialError, PeerClosed, Refused
from iotscan.observe.network.probe import Missed, missed

Outcome = Literal["accepted", "rejected", "accepts_any", "open"]

MOST_PAIRS: Final = 3
"""Pairs that one service may see in a run, besides the stranger's."""


class Tries(Protocol):
    """The ledger as the engine needs it; see ``iotscan.store.ledger``."""

    def may_try(self, device: str, account: str) -> bool:
        """Whether the account has tries left."""
        ...

    def note(self, device: str, account: str) -> bool:
        """Write the intent to try down, durably, before the try; False where another scan had the last one."""
        ...


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
        self, login: Login, records: Sequence[CredentialRecord], *, device: str, ledger: Tries, gap: float
    ) -> None:
        self._login = login
        self._records = records
        self._device = device
        self._ledger = ledger
        self._gap = gap
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
            return missed(DefaultLogin, error)

    async def _examine(self) -> DefaultLogin | Missed:
        bare = await self._login.offer(None)
        if bare.sign is Sign.ACCEPTED:
            return self._outcome("open")
        if bare.sign is not Sign.REFUSED:
            return self._inconclusive(bare)
        wanted = candidates(self._records)
        allowed = [c for c in wanted if self._ledger.may_try(self._device, c.pair.user)][:MOST_PAIRS]
        if not allowed:
            return not_tried(Reason.BUDGET, "the accounts have had their tries of these 24 hours, or were locked")
        control = await self._try(_stranger())
        if control.sign in (Sign.ACCEPTED, Sign.UNGUARDED):
            return self._outcome("accepts_any")
        if control.sign not in (Sign.REFUSED, Sign.CLOSED):
            return self._inconclusive(control)
        return await self._try_pairs(allowed, control.sign, untried=len(wanted) - len(allowed))

    async def _try_pairs(self, allowed: Sequence[Candidate], refusal: Sign, *, untried: int) -> DefaultLogin | Missed:
        for candidate in allowed:
            if not self._ledger.may_try(self._device, candidate.pair.user):
                untried += 1
                continue
            reaction = await self._try(candidate.pair)
            if reaction.sign is Sign.ACCEPTED:
                return (
                    self._outcome("accepts_any") if await self._lets_in_all() else self._outcome("accepted", candidate)
                )
            if reaction.sign is Sign.UNGUARDED:
                return self._outcome("accepts_any", candidate)
            if reaction.sign not in (Sign.REFUSED, refusal):
                return self._inconclusive(reaction)
        if untried:
            return not_tried(Reason.BUDGET, f"{untried} documented pairs were left untried to spare the accounts")
        return self._outcome("rejected")

    async def _lets_in_all(self) -> bool:
        """Whether a stranger is let in now: a honeypot may refuse one guest and take the next, whoever it is."""
        try:
            again = await self._try(_stranger())
        except DialError:
            return False
        return again.sign in (Sign.ACCEPTED, Sign.UNGUARDED)

    async def _try(self, pair: Pair) -> Reaction:
        """One try: wait, write it down, offer it."""
        await anyio.sleep(self._gap)
        try:
            is_ours = self._ledger.note(self._device, pair.user)
        except OSError as error:
            raise _Stop(not_tried(Reason.PROBE_ERROR, "the ledger of tries cannot be written")) from error
        if not is_ours:
            raise _Stop(not_tried(Reason.BUDGET, "another scan has used the tries of these 24 hours"))
        self._tries += 1
        return await self._login.offer(pair)

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
    return Pair(user=f"iotscan-{secrets.token_hex(4)}", password=Secret(secrets.token_hex(8)))
