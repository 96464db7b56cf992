"""Multicast DNS: questions to a link, and what each sender's answers say of it (RFC 6762, RFC 6763)."""

from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

import msgspec
from zeroconf import DNSAddress, DNSIncoming, DNSOutgoing, DNSPointer, DNSQuestion, DNSRecord, DNSService, DNSText
from zeroconf.const import (
    _CLASS_IN,
    _CLASS_UNIQUE,
    _FLAGS_QR_QUERY,
    _TYPE_A,
    _TYPE_AAAA,
    _TYPE_PTR,
    _TYPE_SRV,
    _TYPE_TXT,
)

from iotscan.model.facts import Claim
from iotscan.model.scope import canonical
from iotscan.model.text import safe_text
from iotscan.wire import dns_sd

GROUP, GROUP6, PORT = "224.0.0.251", "ff02::fb", 5353
RECORD_LIMIT: Final = 512
"""Records kept of one sender; what it says beyond is not read."""
CLAIM_LIMIT: Final = 64
_QUESTION_LIMIT = 60
_KNOWN_LIMIT = 30
_PACKET_LIMIT = 1400
_LOCAL = ".local"
_ENUMERATION = "_services._dns-sd._udp"
_DNS_SD_LABELS = 2
_SHARED = len("._tcp.local")
_LABEL_LIMIT, _NAME_LIMIT = 63, 250
Value = TypeVar("Value")
Question = tuple[str, int]
"""A name without the last dot, and a record type."""


class Elsewhere(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A service that a sender announced for a host at another address than its own."""

    instance: str
    kind: str
    addresses: tuple[str, ...]


def first_questions() -> tuple[Question, ...]:
    """Which types there are, and who has one of those that we know."""
    return tuple((f"{kind}{_LOCAL}", _TYPE_PTR) for kind in (_ENUMERATION, *dns_sd.TYPES))


def query(
    questions: Iterable[Question] = (), known: Iterable[tuple[str, str]] = (), *, wants_unicast: bool = False
) -> bytes:
    """One packet of questions (:func:`first_questions` unless given), with answers that need not come again.

    ``known`` are PTR records, name and target (RFC 6762 §7.1); as many as fit. ``wants_unicast`` sets the QU bit
    (§5.4).
    """
    asked = tuple(questions) or first_questions()
    message = DNSOutgoing(_FLAGS_QR_QUERY, multicast=True)
    size = 12
    for name, kind in [q for q in asked if _can_be_asked(q[0])][:_QUESTION_LIMIT]:
        size += _written(name) + 4
        if size < _PACKET_LIMIT:
            message.add_question(DNSQuestion(f"{name}.", kind, _CLASS_IN | (_CLASS_UNIQUE if wants_unicast else 0)))
    for name, target in [k for k in known if _can_be_asked(k[0]) and _can_be_asked(k[1])][:_KNOWN_LIMIT]:
        size += _written(name) + _written(target) + 10
        if size < _PACKET_LIMIT:
            # Half the time to live that RFC 6762 §10 recommends, less a bit: §7.1 wants more than half of the true one.
            message.add_answer_at_time(DNSPointer(f"{name}.", _TYPE_PTR, _CLASS_IN, 4000, f"{target}."), 0)
    return bytes(message.packets()[0])


def read_claims(packet: bytes, source: str = "") -> tuple[Claim, ...]:
    """What one answer says of its sender, at most 64 claims; empty for anything that is no mDNS answer."""
    sender = Announcer(source)
    sender.take(packet)
    return sender.claims(at_the_end=True)


class Announcer:
    """What one sender has announced so far. ``source`` is its address.

    Everything it says is its own claim. What it says of hosts at other addresses is none about itself, and is
    kept apart.
    """

    def __init__(self, source: str) -> None:
        self._source = canonical(source.partition("%")[0]) if source else None
        self._types: dict[str, None] = {}
        self._instances: dict[str, tuple[str, str]] = {}
        self._pointed: dict[str, None] = {}
        self._hosts: dict[str, str] = {}
        self._texts: dict[str, bytes] = {}
        self._addresses: dict[str, set[str]] = {}
        self._own_hosts: set[str] = set()
        self.records = 0
        """How many records are kept of it, at most :data:`RECORD_LIMIT`."""
        self.said_more = False

    def take(self, packet: bytes) -> bool:
        """Read an answer; False for anything that is no mDNS answer. Never raises."""
        message = DNSIncoming(packet)
        if not message.valid or not message.is_response():
            return False
        records = message.answers()
        for record in records:
            if self.records >= RECORD_LIMIT:
                self.said_more = True
                break
            # A goodbye (RFC 6762 §10.1) says nothing of what is here.
            if record.ttl and self._keep(record):
                self.records += 1
        return bool(records)

    def _keep(self, record: DNSRecord) -> bool:
        """Take a record in; True when it was news."""
        name = _bare(record.name)
        key = name.lower()
        if isinstance(record, DNSPointer):
            target = _bare(record.alias)
            if key == f"{_ENUMERATION}{_LOCAL}":
                return _put(self._types, _without_local(target).lower(), None)
            if target.lower().endswith(f".{key}"):
                self._place(target)
                return _put(self._pointed, target.lower(), None)
            return False
        if isinstance(record, DNSService):
            self._place(name)
            return _put(self._hosts, key, _bare(record.server))
        if isinstance(record, DNSText):
            self._place(name)
            return _put(self._texts, key, record.text)
        if isinstance(record, DNSAddress):
            known = self._addresses.setdefault(key, set())
            before = len(known)
            known.add(record.address.hex())
            if self._source is not None and record.address == self._source.packed:
                self._own_hosts.add(key)
            return len(known) > before
        return False

    def _place(self, name: str) -> None:
        """Note an instance of a service, where a name is one of those."""
        instance, kind = _split(name)
        if instance:
            self._instances[name.lower()] = (instance, kind)

    def _is_own(self, name: str) -> bool | None:
        """Whether an instance runs at the sender's address; None where nobody said."""
        host = self._hosts.get(name, "").lower()
        addresses = self._addresses.get(host, set())
        if self._source is None or not addresses:
            return None
        if host in self._own_hosts:
            return True
        # An answer over IPv4 need not name IPv6 addresses: alone they speak against it where another host is its own.
        is_of_its_family = any(len(a) == 2 * len(self._source.packed) for a in addresses)
        return False if is_of_its_family or self._own_hosts else None

    def claims(self, *, at_the_end: bool = False) -> tuple[Claim, ...]:
        """What it says of itself, at most :data:`CLAIM_LIMIT`; before the end only what its addresses bear out."""
        claims: dict[Claim, None] = {}
        for kind in self._types:
            claims[Claim(what="service", value=safe_text(kind), how="mdns")] = None
        for name, (instance, kind) in self._instances.items():
            is_own = self._is_own(name)
            if is_own or (is_own is None and at_the_end):
                claims |= dict.fromkeys(self._claims_of(name, instance, kind))
            if len(claims) > CLAIM_LIMIT:
                break
        return tuple(claims)[:CLAIM_LIMIT]

    def _claims_of(self, name: str, instance: str, kind: str) -> Iterator[Claim]:
        # A record without a pointer to it (Apple's model record is one) bears a host's name, and is no service.
        if name in self._pointed:
            # Of several with a type in common one alone says that there is the type (RFC 6762 section 7.4).
            yield Claim(what="service", value=safe_text(kind), how="mdns")
            yield from dns_sd.name_claims(instance, kind)
        if host := self._hosts.get(name):
            yield Claim(what="hostname", value=safe_text(_without_local(host)), how="mdns SRV")
        yield from dns_sd.text_claims(self._texts.get(name, b""), kind)

    def elsewhere(self) -> tuple[Elsewhere, ...]:
        """What it announced for other addresses: an advertising proxy's wards, or lies."""
        found = []
        for name, (instance, kind) in self._instances.items():
            if self._is_own(name) is False:
                addresses = self._addresses[self._hosts[name].lower()]
                shown = tuple(sorted(str(canonical(_address(a))) for a in addresses))
                found.append(Elsewhere(instance=safe_text(instance), kind=safe_text(kind), addresses=shown))
        return tuple(sorted(found))

    def questions(self) -> Iterator[Question]:
        """What is still open of what it announced: types not asked for yet, then records that did not come along."""
        for kind in self._types:
            if kind not in dns_sd.TYPES:
                yield f"{kind}{_LOCAL}", _TYPE_PTR
        for name, (instance, kind) in self._instances.items():
            full = f"{instance}.{kind}{_LOCAL}"
            if name not in self._hosts and kind != "_device-info._tcp":
                yield full, _TYPE_SRV
            if name not in self._texts:
                yield full, _TYPE_TXT
        family = _TYPE_A if self._source is None or self._source.version == 4 else _TYPE_AAAA
        for host in dict.fromkeys(self._hosts.values()):
            if host.lower() not in self._addresses:
                yield host, family

    @property
    def types(self) -> tuple[Question, ...]:
        """Who has the types that it knows of."""
        return tuple((f"{kind}{_LOCAL}", _TYPE_PTR) for kind in self._types)

    def known(self) -> Iterator[tuple[str, str]]:
        """PTR records that need not come again."""
        for kind in self._types:
            yield f"{_ENUMERATION}{_LOCAL}", f"{kind}{_LOCAL}"
        for instance, kind in self._instances.values():
            yield f"{kind}{_LOCAL}", f"{instance}.{kind}{_LOCAL}"


def _put(into: dict[str, Value], key: str, value: Value) -> bool:
    is_news = key not in into or into[key] != value
    into[key] = value
    return is_news


def _written(name: str) -> int:
    """Bytes that a name takes: the end that names of services share is written once (RFC 1035 §4.1.4)."""
    size = len(name.encode()) + 2
    return size - _SHARED + 2 if name.endswith(("._tcp.local", "._udp.local")) else size


def _can_be_asked(name: str) -> bool:
    """Whether a name that a device gave fits into a question (RFC 1035 §3.1)."""
    labels = name.split(".")
    return len(name.encode("utf-8", "replace")) <= _NAME_LIMIT and all(
        0 < len(label.encode("utf-8", "replace")) <= _LABEL_LIMIT for label in labels
    )


def _bare(name: str) -> str:
    return name.removesuffix(".")


def _without_local(name: str) -> str:
    return name[: -len(_LOCAL)] if name.lower().endswith(_LOCAL) else name


def _split(name: str) -> tuple[str, str]:
    """Instance and type of ``Instance._type._tcp.local``; two empty texts for any other name (RFC 6763 §4.1)."""
    parts = _without_local(name).rsplit(".", _DNS_SD_LABELS)
    if len(parts) != _DNS_SD_LABELS + 1 or not all(p.startswith("_") for p in parts[1:]):
        return "", ""
    return parts[0], f"{parts[1]}.{parts[2]}".lower()


def _address(packed: str) -> str:
    raw = bytes.fromhex(packed)
    return ".".join(map(str, raw)) if len(raw) == 4 else ":".join(packed[i : i + 4] for i in range(0, 32, 4))
