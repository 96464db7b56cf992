"""What the DNS says of a name besides its addresses, as messages: CAA, DS, TLSA, and whether answers are signed.

Built and read by dnspython, which opens no socket here. Sources: RFC 1035 section 4, RFC 6891 (EDNS), RFC 4035 section
3.2 (the DO and AD bits), RFC 8659 (CAA), RFC 6698 (TLSA).
"""

import struct
from collections.abc import Iterator
from typing import Final, Literal

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import msgspec

from iotscan.model.facts import CaaRecord, TlsaRecord
from iotscan.model.text import safe_text

Kind = Literal["A", "AAAA", "CAA", "DS", "TLSA"]
_PAYLOAD: Final = 1232
"""Bytes of an answer over UDP that pass every path (DNS flag day 2020)."""
_MOST: Final = 50
_LONGEST: Final = 200


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One question, and the bytes that ask it."""

    name: str
    kind: Kind
    number: int
    payload: bytes


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What one answer says.

    ``code`` is its return code in words (``NOERROR``, ``NXDOMAIN``, ``SERVFAIL`` …). ``zone`` is the zone that answers,
    where its signatures or its SOA tell it.
    """

    code: str
    is_cut: bool = False
    """It did not fit into a datagram: ask again over TCP."""
    is_validated: bool = False
    is_signed: bool = False
    has_signatures_told: bool = False
    """The resolver took up the wish for signatures (the DO bit, RFC 3225 section 3): else none were looked for."""
    records: int = 0
    """Records of the kind that was asked for."""
    zone: str = ""
    caa: tuple[CaaRecord, ...] = ()
    tlsa: tuple[TlsaRecord, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether it settles what there is: also that there is nothing."""
        return self.code in ("NOERROR", "NXDOMAIN") and not self.is_cut


def ask(name: str, kind: Kind) -> Question:
    """A question to a resolver that wants signatures, too. Raises ValueError for a text that is no name."""
    try:
        query = dns.message.make_query(name, kind, use_edns=0, payload=_PAYLOAD, want_dnssec=True)
        return Question(name=name, kind=kind, number=query.id, payload=query.to_wire())
    except dns.exception.DNSException as error:
        raise ValueError("no name that the DNS could hold") from error


def read(packet: bytes, question: Question, *, port: int = 0) -> Answer | None:
    """The answer to a question; None for anything else. ``port`` is that of the service of a TLSA. Never raises."""
    try:
        query = dns.message.from_wire(question.payload)
        told = dns.message.from_wire(packet, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError, struct.error):
        return None
    if not query.is_response(told):
        return None
    wanted = dns.rdatatype.from_text(question.kind)
    found = [rrset for rrset in told.answer if rrset.rdtype == wanted]
    return Answer(
        code=dns.rcode.to_text(told.rcode()),
        is_cut=bool(told.flags & dns.flags.TC),
        is_validated=bool(told.flags & dns.flags.AD),
        is_signed=any(rrset.rdtype == dns.rdatatype.RRSIG and rrset.covers == wanted for rrset in told.answer),
        has_signatures_told=bool(told.ednsflags & dns.flags.DO),
        records=sum(map(len, found)),
        zone=_zone(told),
        caa=tuple(sorted(_caa(told))) if question.kind == "CAA" else (),
        tlsa=tuple(sorted(_tlsa(told, port))) if question.kind == "TLSA" else (),
    )


def above(name: str) -> Iterator[str]:
    """A name and the domains above it, without the root (RFC 8659 section 3)."""
    labels = name.rstrip(".").split(".")
    yield from (".".join(labels[at:]) for at in range(len(labels)))


def _zone(told: dns.message.Message) -> str:
    for rrset in (*told.answer, *told.authority):
        if rrset.rdtype == dns.rdatatype.RRSIG:
            return safe_text(next(iter(rrset)).signer.to_text(omit_final_dot=True), _LONGEST)
    for rrset in told.authority:
        if rrset.rdtype in (dns.rdatatype.SOA, dns.rdatatype.NS):
            return safe_text(rrset.name.to_text(omit_final_dot=True), _LONGEST)
    return ""


def _caa(told: dns.message.Message) -> Iterator[CaaRecord]:
    records = (r for rrset in told.answer if rrset.rdtype == dns.rdatatype.CAA for r in rrset)
    for record, _ in zip(records, range(_MOST), strict=False):
        tag, value = (safe_text(part.decode("ascii", "replace"), _LONGEST) for part in (record.tag, record.value))
        yield CaaRecord(tag=tag.lower(), value=value, is_critical=bool(record.flags & 0x80))


def _tlsa(told: dns.message.Message, port: int) -> Iterator[TlsaRecord]:
    records = (r for rrset in told.answer if rrset.rdtype == dns.rdatatype.TLSA for r in rrset)
    for record, _ in zip(records, range(_MOST), strict=False):
        yield TlsaRecord(
            port=port,
            usage=record.usage,
            selector=record.selector,
            matching=record.mtype,
            data=record.cert[:_LONGEST].hex(),
        )
