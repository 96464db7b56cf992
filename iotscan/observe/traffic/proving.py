"""What the certificates prove that a server sent at some moment: who vouches for them, and what is wrong with them for
whoever looks.

A fault is what no trust store mends: a date, a name, a signature that does not verify, a revocation that was known.
That nobody here knows the issuer is none: the client may, or may hold this very key (docs/decisions/0057).
"""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final, Protocol

from cryptography.exceptions import InvalidSignature

from iotscan.model.answer import Answer
from iotscan.model.facts import Certificate, RevocationAnswer, ServerProof
from iotscan.model.facts.tls_use import Fault
from iotscan.model.vocabulary import Reason
from iotscan.observe.traffic.given import Given
from iotscan.wire.certificates import read_damaged, sorted_out
from iotscan.wire.host_names import host_name, names_host
from iotscan.wire.paths.certified import Certified, certified
from iotscan.wire.revocation.ocsp import Unreadable
from iotscan.wire.revocation.path import is_issued

SLACK: Final = timedelta(days=1)
"""How far the clocks of the client, the server and whoever captured may be apart: within it no date is a fault."""
_EARLIEST: Final = datetime(2005, 1, 1, tzinfo=UTC)
"""A clock that says less was never set: then nothing is said of dates."""
_KEPT: Final = 512
_MOST_NAMES: Final = 100
"""Names of a certificate that its fact may hold less of: then no name is missed."""
_NANOSECONDS: Final = 1_000_000_000

Judged = tuple[tuple[Fault, str], ...]


class Prove(Protocol):
    """Judges the certificates of one handshake."""

    def __call__(self, chain: Sequence[bytes], staple: bytes, server_name: str, at: int) -> ServerProof | None:
        """``chain`` is DER, leaf first; ``server_name`` the SNI; ``at`` nanoseconds since 1970. Never raises."""


class Prover:
    """Judges chains by the roots of this machine, of Mozilla and of the user; each chain of a day once.

    ``given.revocation`` holds the lists by which a chain may be revoked.
    """

    def __init__(self, given: Given) -> None:
        self._given = given
        self._known: OrderedDict[tuple[object, ...], ServerProof | None] = OrderedDict()

    def __call__(self, chain: Sequence[bytes], staple: bytes, server_name: str, at: int) -> ServerProof | None:
        """None where not even the leaf can be read."""
        moment = datetime.fromtimestamp(at // _NANOSECONDS, UTC)
        key = (*chain, staple, server_name, moment.date())
        if key not in self._known:
            self._known[key] = self._judge(chain, staple, server_name, moment)
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]

    def _judge(self, chain: Sequence[bytes], staple: bytes, name: str, moment: datetime) -> ServerProof | None:
        certificates, _ = sorted_out(read_damaged(der, position=at) for at, der in enumerate(chain))
        if not certificates:
            return None
        leaf = certificates[0]
        public, private = self._trust(chain, moment)
        found = (*_of_dates(leaf, moment), *_of_name(leaf, name), *self._revoked(chain, staple, moment))
        if not public.known and not private.known:
            found = (*found, *_of_signature(chain))
        return ServerProof(
            certificates=certificates,
            is_self_signed=_is_self_signed(chain[0]),
            faults=tuple(dict.fromkeys(fault for fault, _ in found)),
            detail="; ".join(detail for _, detail in found),
            publicly_trusted=public,
            privately_trusted=private,
        )

    def _trust(self, chain: Sequence[bytes], moment: datetime) -> tuple[Answer[bool], Answer[bool]]:
        """By the web's roots, and by those that the user gave or added to this machine."""
        from iotscan.observe.network.workers.trust import MACHINE, MOZILLA, SYSTEM, judge

        unread = Answer[bool].missing(Reason.UNREADABLE, "a certificate of the chain cannot be read")
        try:
            told: dict[str, Any] = judge(list(chain), list(self._given.trust_stores), moment)
        except Exception as error:
            unread = Answer[bool].missing(
                Reason.UNREADABLE, f"the trust stores cannot be read ({type(error).__name__})"
            )
            return unread, unread
        if told["is_trusted"] is None:
            return unread, unread
        public = any(name in (MOZILLA, SYSTEM) for name in told["by"])
        private = True if MACHINE in told["by"] else told["is_private"]
        not_given = Answer[bool].missing(Reason.NOT_ASKED, "no trust store was given, or there are too many ways")
        return Answer[bool].of(public), not_given if private is None else Answer[bool].of(private)

    def _revoked(self, chain: Sequence[bytes], staple: bytes, moment: datetime) -> Judged:
        if not staple and not self._given.revocation:
            return ()
        from iotscan.observe.revocation import judge_by_files

        stores = [path for _, path in self._given.trust_stores]
        try:
            answers = judge_by_files(chain, self._given.revocation, stores, staple=staple)
        except (OSError, Unreadable):
            return ()
        told = next((one for one in answers if _is_revoked(one, moment)), None)
        if told is None:
            return ()
        which = "it" if told.position == 0 else f"the certificate at {told.position} of the chain"
        return (("revoked", f"{which} was revoked on {told.revoked_at:%Y-%m-%d} ({told.source} {told.where})"),)


@cache
def prover(given: Given) -> Prover:
    """One for all readers that judge by the same files."""
    return Prover(given)


def _is_revoked(answer: RevocationAnswer, moment: datetime) -> bool:
    """Whether everybody could have known by then: the list itself may be a later one."""
    if answer.problem or answer.status != "revoked" or answer.revoked_at is None:
        return False
    return answer.revoked_at + SLACK < moment


def _of_dates(leaf: Certificate, moment: datetime) -> Judged:
    if moment < _EARLIEST:
        return ()
    if leaf.not_after + SLACK < moment:
        return (("expired", f"it ended on {leaf.not_after:%Y-%m-%d}, and was taken on {moment:%Y-%m-%d}"),)
    if leaf.not_before - SLACK > moment:
        return (("not-yet-valid", f"it begins on {leaf.not_before:%Y-%m-%d}, and was taken on {moment:%Y-%m-%d}"),)
    return ()


def _of_name(leaf: Certificate, asked: str) -> Judged:
    """A common name counts here: old clients ask it, and are not wrong to be content."""
    wanted = host_name(asked)
    if not wanted or leaf.extensions is None or len(leaf.names) >= _MOST_NAMES or leaf.defects:
        return ()
    hosts = tuple(name for name in leaf.names if name not in (leaf.addresses or ()))
    presented = tuple(dict.fromkeys((*hosts, *leaf.extensions.common_names)))
    if not presented or names_host(presented, wanted) or _is_like(presented, wanted):
        return ()
    return (("wrong-name", f"it is for {', '.join(presented[:3])}, and {wanted} was asked for"),)


def _is_like(presented: Sequence[str], wanted: str) -> bool:
    """Stars in ways that RFC 9525 does not know and some clients do: part of a label, a registry's names."""
    ends = (name.lower().rpartition("*") for name in presented if "*" in name)
    return any(wanted.endswith(end) for _, _, end in ends)


def _of_signature(chain: Sequence[bytes]) -> Judged:
    """A leaf that says by which key it is signed (its key identifier), and is not by that key, though it was sent."""
    read = _read_all(chain)
    if not read or not read[0].signer_id:
        return ()
    leaf = read[0]
    # The leaf itself is among them: one that says to be signed by itself.
    named = [one for one in read if one.subject == leaf.issuer and one.key_id == leaf.signer_id]
    if not named or not all(_is_forged(leaf, one) for one in named):
        return ()
    return (("bad-signature", f"its signature is not by the key of {named[0].label} that was sent with it"),)


def _read_all(chain: Sequence[bytes]) -> list[Certified]:
    found = []
    for der in chain:
        try:
            found.append(certified(der))
        except ValueError:
            if not found:
                return []
    return found


def _is_forged(one: Certified, signer: Certified) -> bool:
    try:
        one.certificate.verify_directly_issued_by(signer.certificate)
    except InvalidSignature:
        return True
    except Exception:
        # A kind of key or signature that is not known here proves nothing.
        return False
    return False


def _is_self_signed(der: bytes) -> bool:
    try:
        leaf = certified(der)
    except ValueError:
        return False
    return leaf.is_self_issued and is_issued(leaf.certificate, leaf.certificate)
