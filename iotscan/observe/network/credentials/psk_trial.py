"""Trying documented pre-shared keys without harm, and claiming nothing that is not proved.

A stranger's identity and key must fail first. Every try is written to the ledger of login tries before it is made,
keeps its distance from the one before, and is the last at any sign of lock-out.
"""

import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Final

from iotscan.data.credential_records import EVERY_ACCOUNT
from iotscan.data.known_psks import KnownKey, Transport
from iotscan.model.facts import Fact, KnownPsk, kind_of
from iotscan.model.secret import Secret
from iotscan.model.text import safe_text
from iotscan.model.tried import Tried
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.credentials.engine import Tries, left_alone
from iotscan.observe.network.credentials.products import marks
from iotscan.observe.network.credentials.psk_talk import Shake
from iotscan.observe.network.failures import DialError, PeerClosed, Refused
from iotscan.observe.network.probe import Missed, missed
from iotscan.wire.tls.psk_handshake import PskEnd

MOST_KEYS: Final = 3
"""Documented keys that one service may see in 24 hours, besides the stranger's."""
_NEED: Final = kind_of(KnownPsk)


def likeliest(
    records: Sequence[KnownKey], *, transport: Transport, hint: str, known: Iterable[Fact]
) -> tuple[KnownKey, ...]:
    """At most MOST_KEYS: those of the server's hint first, then those of the device, then in the order of the file."""
    shown = [mark for fact in known for mark in marks(fact)]

    def rank(record: KnownKey) -> int:
        if hint and hint in record.hints:
            return 0
        return 1 if any(record.recognises(mark, text) for mark, text in shown) else 2

    return tuple(sorted((r for r in records if transport in r.transports), key=rank)[:MOST_KEYS])


class _Stop(Exception):
    """Nothing more may be tried; the text says why."""


class Trial:
    """One service asked once.

    ``shake`` tries a key, ``choose`` gives the documented ones for the hint that the server sent, ``account`` and
    ``device`` are the ledger's key, ``gap`` is in seconds between two tries. ``answers`` asks a server over datagrams
    whether it is still there; None over a stream, where a server that knows another key says so.
    """

    def __init__(
        self,
        shake: Shake,
        choose: Callable[[str], Sequence[KnownKey]],
        *,
        device: Tried,
        account: str,
        ledger: Tries,
        gap: float,
        answers: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        self._shake = shake
        self._choose = choose
        self._device = device
        self._account = account
        self._ledger = ledger
        self._gap = gap
        self._answers = answers
        self._shaken = self._tried = 0

    async def run(self) -> KnownPsk | Missed:
        """The outcome, or why there is none."""
        try:
            return await self._examine()
        except DialError as error:
            if self._shaken and isinstance(error, Refused | PeerClosed):
                return self._locked(f"after a try: {error}")
            return missed(KnownPsk, error)
        except _Stop as stop:
            return not_tried(Reason.BUDGET, str(stop))
        except OSError:
            return not_tried(Reason.PROBE_ERROR, "the ledger of tries cannot be written")

    async def _examine(self) -> KnownPsk | Missed:
        if not self._ledger.may_try(self._device, self._account):
            raise _Stop("the service has had its tries of these 24 hours, or showed a lock-out")
        control = await self._try_stranger()
        if control.how == "accepted":
            return KnownPsk(tried=0, takes_any=True)
        if control.how == "unsuited":
            return not_tried(Reason.NOT_OBSERVABLE, f"no handshake that can be finished here: {control.detail}")
        if not self._is_refusal(control, control):
            return self._unclear(control)
        return await self._try_known(control)

    async def _try_known(self, control: PskEnd) -> KnownPsk | Missed:
        last = control
        for record in self._choose(safe_text(control.hint, 128)):
            last = await self._try(record.identity, record.key, account=self._account)
            self._tried += 1
            if last.how == "accepted":
                return KnownPsk(tried=self._tried, accepted=record.id, identity=record.identity)
            if last.how == "unsuited":
                return self._locked(f"it took the same hello before: {last.detail}")
            if not self._is_refusal(last, control):
                return self._unclear(last)
        if last.how == "silent" and self._answers is not None and not await self._answers():
            return _unread(AttemptStatus.TIMED_OUT, Reason.TIMEOUT, "it fell silent, and then answered no hello")
        return KnownPsk(tried=self._tried)

    async def _try_stranger(self) -> PskEnd:
        stranger = f"iotscan-{secrets.token_hex(4)}"
        return await self._try(stranger, Secret(secrets.token_hex(16)), account=f"{self._account} {stranger}")

    async def _try(self, identity: str, key: Secret, *, account: str) -> PskEnd:
        """One try: wait, write it down, make it. Raises _Stop, DialError, and OSError where it cannot be written."""
        await left_alone(self._ledger, self._device, self._gap)
        if not self._ledger.note(self._device, account):
            raise _Stop("the service has had its tries of these 24 hours, or showed a lock-out")
        self._shaken += 1
        return await self._shake(identity, key)

    def _is_refusal(self, end: PskEnd, control: PskEnd) -> bool:
        """Whether an end says that the key is wrong.

        Over datagrams a record under another key is dropped without a word (RFC 6347 section 4.1.2.7), so there silence
        is one, as far as the server answers others.
        """
        if end.how == "silent":
            return self._answers is not None
        return end.how == "refused" or (end.how == "closed" and control.how == "closed")

    def _unclear(self, end: PskEnd) -> Missed:
        if end.how == "silent":
            return _unread(AttemptStatus.TIMED_OUT, Reason.TIMEOUT, end.detail)
        return _unread(AttemptStatus.UNREADABLE, Reason.UNREADABLE, end.detail)

    def _locked(self, detail: str) -> Missed:
        """Stop, and leave the whole device alone for a day."""
        with suppress(OSError):
            self._ledger.note(self._device, EVERY_ACCOUNT)
        return not_tried(Reason.LOCKED_OUT, f"sign of a lock-out: {detail}")


def not_tried(reason: Reason, detail: str) -> Missed:
    """Keys that were not tried, or not all, and why."""
    return _unread(AttemptStatus.NOT_TRIED, reason, detail)


def _unread(status: AttemptStatus, reason: Reason, detail: str) -> Missed:
    return Missed(need=_NEED, status=status, reason=reason, detail=detail)
