"""A chain of certificates as a server sent it, made a fact: read, and judged against the stores of roots.

Whoever read the chain, over a stream or over datagrams, by a library or by a hello of our own, ends here.
"""

import base64
from typing import Any

import msgspec

from iotscan.data.distrusted import DATED, distrusts
from iotscan.model.answer import Answer
from iotscan.model.facts import kind_of
from iotscan.model.facts.certificate import UNPROVED, CertificateChain, RevocationStatus
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.observe.network.probe import Door, Heard
from iotscan.observe.network.revocations import Revocation
from iotscan.observe.network.workers.worker import Worker, WorkerError
from iotscan.wire.certificates import read_damaged, sorted_out

_NEED = "certificate-chain"
_TRUST_SECONDS = 10.0
_NOT_READ = Answer[bool].missing(Reason.UNREADABLE, "the server's certificate cannot be read")
_NO_WORKER = Answer[bool].missing(Reason.MISSING_TOOL, "the TLS worker with sslyze is not there")


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """DER certificates, leaf first, with what came with them."""

    certificates: tuple[bytes, ...]
    engine: str
    ocsp_stapled: Answer[bool]
    staple: bytes = b""
    is_unproved: bool = False
    """A handshake ended over a signature that was not by its key."""


async def describe(door: Door, chain: Chain) -> Heard:
    """The fact of a chain, damaged certificates and all. Sends nothing to the device."""
    certificates, malformed = sorted_out(read_damaged(der, position=n) for n, der in enumerate(chain.certificates))
    trust = await _judge(door, chain.certificates) if certificates else None
    if trust is not None and chain.is_unproved:
        trust |= {"is_trusted": None, "is_private": None, "by": [], "detail": UNPROVED}
    detail = safe_text(str(trust.get("detail", ""))) if trust else ""
    is_given = bool(door.tools.get("trust_stores"))
    fact = CertificateChain(
        certificates=certificates,
        malformed=malformed,
        trusted=_trusted(trust, detail) if certificates else _NOT_READ,
        trust_detail=detail,
        trusted_by=tuple(safe_text(str(name)) for name in trust["by"]) if trust else (),
        privately_trusted=_privately(trust, is_given=is_given) if certificates else _NOT_READ,
        anchored=_anchored(trust, detail) if certificates else _NOT_READ,
        signers=_signers(trust, detail),
        distrusts=distrusts(certificates),
        distrust_dated=DATED.isoformat(),
        ocsp_stapled=chain.ocsp_stapled,
        engine=chain.engine,
        opening=door.opening,
        server_name=door.server_name,
    )
    status = await _revocation(door, chain, fact)
    return Heard(facts=(fact, status), excerpt=_excerpt(fact))


def with_gap_of_revocation(heard: Heard) -> Heard:
    """The same; where the chain is missing, so is what would be said of its revocation, and for the same reason."""
    gap = next((m for m in heard.missed if m.need == _NEED), None)
    if gap is None or any(isinstance(f, RevocationStatus) for f in heard.facts):
        return heard
    also = msgspec.structs.replace(gap, need=kind_of(RevocationStatus))
    return msgspec.structs.replace(heard, missed=(*heard.missed, also))


async def _revocation(door: Door, chain: Chain, fact: CertificateChain) -> RevocationStatus:
    tool = door.tools.get("revocation")
    known = tool if isinstance(tool, Revocation) else Revocation()
    return await known.status(door, chain.certificates, dict(fact.placed), chain.staple)


async def _judge(door: Door, certificates: tuple[bytes, ...]) -> dict[str, Any] | None:
    """What the worker says of a chain: no connection needed."""
    worker = door.tools.get("tls_worker")
    if not isinstance(worker, Worker):
        return None
    job = {
        "do": "trust",
        "certificates": [base64.b64encode(der).decode() for der in certificates],
        "stores": door.tools.get("trust_stores", ()),
    }
    try:
        trust = (await worker.call(job, seconds=_TRUST_SECONDS, waiting=door.line.held_up()))["trust"]
    except WorkerError:
        return None
    return trust if isinstance(trust, dict) else None


def _trusted(trust: dict[str, Any] | None, detail: str) -> Answer[bool]:
    if trust is None:
        return _NO_WORKER
    if not isinstance(trust.get("is_trusted"), bool):
        return Answer.missing(Reason.UNREADABLE, detail)
    return Answer.of(trust["is_trusted"])


def _privately(trust: dict[str, Any] | None, *, is_given: bool) -> Answer[bool]:
    if trust is None:
        return _NO_WORKER
    if trust["is_private"] is None and is_given:
        return Answer.missing(Reason.UNREADABLE, "the trust stores that were given could not be asked to the end")
    if trust["is_private"] is None:
        return Answer.missing(Reason.NOT_ASKED, "no trust store was given")
    return Answer.of(bool(trust["is_private"]))


def _signers(trust: dict[str, Any] | None, detail: str) -> Answer[tuple[int, ...]]:
    if trust is None:
        return Answer.missing(_NO_WORKER.reason or Reason.MISSING_TOOL, _NO_WORKER.detail)
    found = trust.get("signers")
    return Answer.of(tuple(map(int, found))) if isinstance(found, list) else Answer.missing(Reason.UNREADABLE, detail)


def _anchored(trust: dict[str, Any] | None, detail: str) -> Answer[bool]:
    if trust is None:
        return _NO_WORKER
    anchored = trust.get("is_anchored")
    return Answer.of(anchored) if isinstance(anchored, bool) else Answer.missing(Reason.UNREADABLE, detail)


def _excerpt(chain: CertificateChain) -> str:
    if not chain.certificates:
        return safe_text("a certificate that cannot be read: " + ", ".join(chain.malformed[0].read))
    leaf = chain.certificates[0]
    return safe_text(f"{leaf.subject}, issued by {leaf.issuer}, until {leaf.not_after:%Y-%m-%d}")
