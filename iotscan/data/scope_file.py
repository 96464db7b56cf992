"""The scope file: who allows whom to test what, when, and how hard. Schema ``iotscan/scope@1``.

It is read whole or refused: a key that iotscan cannot keep is no key, because a client who wrote it
relies on it. Limits are upper limits: where iotscan is gentler by itself, it stays so.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_network, summarize_address_range
from pathlib import Path
from typing import Final

import msgspec

from iotscan.data.typed_yaml import Typed, read_typed, shown
from iotscan.model.scope import (
    TRIES_PER_ACCOUNT,
    InScope,
    Mandate,
    Network,
    OutOfBounds,
    Pace,
    Permits,
    canonical,
    ends_of,
    lies_in,
    unmapped,
    zone_of,
)
from iotscan.model.text import safe_text

SCHEMA: Final = "iotscan/scope@1"
LONGEST: Final = timedelta(days=90)
"""How long after its window opens a scope file may be good."""
_BACKOFF: Final = timedelta(hours=24)
"""A device that shows a lock-out is left alone for this long, whatever a file says."""
_UNITS: Final = {"s": 1, "m": 60, "h": 3600}
_HASH = re.compile(r"[0-9a-f]{64}")
_INTERFACE = re.compile(r"(?!\d+$)[A-Za-z0-9._~-]{1,15}")
"""A name, and no number: that may be another link's after the next start of the machine."""
PLACEHOLDER: Final = "FILL-IN"
"""What ``iotscan scope init`` writes where a person has to."""


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """The client or the assessor."""

    name: str
    contact: str = ""
    people: tuple[str, ...] = ()


class Authorization(msgspec.Struct, frozen=True, kw_only=True):
    """By whose word, and where it is written down."""

    authorized_by: str
    reference: str
    document_sha256: str = ""


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """From when until when, as date-times with an offset."""

    not_before: str
    not_after: str


class Allowed(msgspec.Struct, frozen=True, kw_only=True):
    """One of ``cidr``, ``ip`` or ``range``; ``ports`` narrows it to these, TCP and UDP alike."""

    cidr: str = ""
    ip: str = ""
    range: str = ""
    ports: tuple[int | str, ...] = ()
    note: str = ""


class Forbidden(msgspec.Struct, frozen=True, kw_only=True):
    """One of ``cidr``, ``ip`` or ``range``, and why."""

    cidr: str = ""
    ip: str = ""
    range: str = ""
    mac_oui: str = ""
    reason: str


class DefaultCredentials(msgspec.Struct, frozen=True, kw_only=True):
    """Whether documented default logins may be tried, and how often an account may see a try in 24 hours."""

    allowed: bool = False
    max_attempts_per_account: int = TRIES_PER_ACCOUNT
    lockout_backoff: str = ""
    kinds: tuple[str, ...] = ()


class Permissions(msgspec.Struct, frozen=True, kw_only=True):
    """What may be done."""

    passive: bool = True
    active_probe: bool = True
    default_credentials: DefaultCredentials = DefaultCredentials()
    intrusive: bool = False
    fetch_revocation: bool = False
    backends: tuple[str, ...] = ()
    exploit: bool = False
    denial_of_service: bool = False


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """How hard a device may be pressed at most: per second, and conversations in all beyond the port sweep."""

    attempts_per_second: float | None = None
    accepted_per_second: float | None = None
    connections: int | None = None


class ScopeFile(msgspec.Struct, frozen=True, kw_only=True):
    """A scope file as it is written."""

    engagement: str
    client: Party
    assessor: Party
    authorization: Authorization
    window: Window
    expires: str
    in_scope: tuple[Allowed, ...]
    out_of_scope: tuple[Forbidden, ...] = ()
    permissions: Permissions = Permissions()
    rates: Rates = Rates()
    emergency_contact: str = ""


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """A scope file that holds together: the mandate, the pace it allows, and what a reader has to know of it."""

    mandate: Mandate
    rates: Rates
    notices: tuple[str, ...] = ()

    def pace(self, pace: Pace) -> Pace:
        """``pace``, slowed down to what the file allows; never quickened."""
        asked = {name: value for name, value in msgspec.structs.asdict(self.rates).items() if value is not None}
        return msgspec.structs.replace(pace, **{n: min(v, getattr(pace, n)) for n, v in asked.items()})


def read_scope(path: Path) -> Loaded:
    """Read a scope file. Raises BadYaml naming file and line for everything that does not hold together."""
    return _Reader(read_typed(path, ScopeFile, schema=SCHEMA)).load()


class _Reader:
    """Asks of a file what its types cannot say."""

    def __init__(self, typed: Typed[ScopeFile]) -> None:
        self._typed = typed
        self._file = typed.value
        self._notices: list[str] = []

    def load(self) -> Loaded:
        self._refuse_placeholders(msgspec.to_builtins(self._file), ())
        file = self._file
        begins, ends, expires = self._times()
        self._check_permissions()
        self._check_rates()
        mandate = Mandate(
            engagement=self._said(file.engagement, "engagement"),
            client=self._said(file.client.name, "client", "name"),
            assessor=self._said(file.assessor.name, "assessor", "name"),
            authorized_by=self._said(file.authorization.authorized_by, "authorization", "authorized_by"),
            reference=self._said(file.authorization.reference, "authorization", "reference"),
            document_sha256=self._document(),
            not_before=begins.isoformat(),
            not_after=ends.isoformat(),
            expires=expires.isoformat(),
            in_scope=self._in_scope(),
            out_of_scope=self._out_of_scope(),
            permits=self._permits(),
            emergency_contact=safe_text(file.emergency_contact, 200),
            file=safe_text(self._typed.path.name, 200),
            sha256=self._typed.document.sha256,
        )
        return Loaded(mandate=mandate, rates=file.rates, notices=tuple(self._notices))

    def _refuse_placeholders(self, value: object, where: tuple[str | int, ...]) -> None:
        if isinstance(value, str) and PLACEHOLDER in value:
            raise self._typed.bad(f"{PLACEHOLDER} still stands here: write what is true", *where)
        for key, part in _parts(value):
            self._refuse_placeholders(part, (*where, key))

    def _said(self, text: str, *where: str) -> str:
        if not text.strip():
            raise self._typed.bad("this is empty: write what is true", *where)
        return safe_text(text.strip(), 200)

    def _document(self) -> str:
        given = self._file.authorization.document_sha256
        if given and not _HASH.fullmatch(given):
            raise self._typed.bad(
                "a SHA-256 is 64 digits 0-9 a-f: sha256sum prints it", "authorization", "document_sha256"
            )
        return given

    def _times(self) -> tuple[datetime, datetime, date]:
        begins = self._moment(self._file.window.not_before, "not_before")
        ends = self._moment(self._file.window.not_after, "not_after")
        if ends <= begins:
            raise self._typed.bad("the window ends before it begins", "window", "not_after")
        try:
            expires = date.fromisoformat(self._file.expires)
        except ValueError as error:
            raise self._typed.bad(f"'{shown(self._file.expires)}' is no date: write 2026-12-31", "expires") from error
        if expires > begins.date() + LONGEST:
            raise self._typed.bad(f"a scope file is good for {LONGEST.days} days after its window opens", "expires")
        if ends > datetime(expires.year, expires.month, expires.day, tzinfo=UTC) + timedelta(days=1):
            raise self._typed.bad("the window ends after the file has expired", "window", "not_after")
        return begins, ends, expires

    def _moment(self, text: str, key: str) -> datetime:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise self._typed.bad(
                f"'{shown(text)}' is no date-time: write 2026-11-22T18:00:00+01:00", "window", key
            ) from error
        if not 2000 <= moment.year < 2200:
            raise self._typed.bad(f"the year {moment.year} is none to test in", "window", key)
        if moment.tzinfo is None:
            raise self._typed.bad("the offset is missing: write 18:00:00+01:00, or 17:00:00Z for UTC", "window", key)
        return moment.astimezone(UTC)

    def _check_permissions(self) -> None:
        permissions = self._file.permissions
        for key in ("exploit", "denial_of_service"):
            if getattr(permissions, key):
                raise self._typed.bad(f"iotscan does no such thing: set {key} to false", "permissions", key)
        if not permissions.passive:
            raise self._typed.bad("whoever scans also hears: passive cannot be kept to false", "permissions", "passive")
        at = ("permissions", "default_credentials")
        logins = permissions.default_credentials
        if not 1 <= logins.max_attempts_per_account <= TRIES_PER_ACCOUNT:
            raise self._typed.bad(
                f"an account sees 1 to {TRIES_PER_ACCOUNT} tries in 24 hours, never more",
                *at,
                "max_attempts_per_account",
            )
        if logins.kinds:
            raise self._typed.bad(
                "iotscan tries what a product's own record documents and cannot keep to kinds of devices: "
                "leave it out, and put what must not be tried under out_of_scope",
                *at,
                "kinds",
            )
        if logins.lockout_backoff and _duration(logins.lockout_backoff) is None:
            raise self._typed.bad("a time of at most 24h is written 30s, 15m or 2h", *at, "lockout_backoff")

    def _check_rates(self) -> None:
        for name, value in msgspec.structs.asdict(self._file.rates).items():
            if value is None:
                continue
            if not value > 0:
                raise self._typed.bad("a rate is more than 0: use active_probe: false to forbid it all", "rates", name)
            usual = getattr(Pace(), name)
            if value > usual:
                self._notices.append(f"{name} {value:g} is permitted; iotscan keeps to its own {usual:g}")

    def _permits(self) -> Permits:
        permissions = self._file.permissions
        logins = permissions.default_credentials
        return Permits(
            active=permissions.active_probe,
            default_creds=logins.allowed,
            attempts_per_account=logins.max_attempts_per_account if logins.allowed else 0,
            intrusive=permissions.intrusive,
            fetch_revocation=permissions.fetch_revocation,
            backends=tuple(safe_text(b, 253) for b in permissions.backends),
        )

    def _in_scope(self) -> tuple[InScope, ...]:
        if not (self._file.in_scope or self._file.permissions.backends):
            raise self._typed.bad("nothing is in scope: name at least one network, or a back end", "in_scope")
        entries = []
        for index, entry in enumerate(self._file.in_scope):
            networks = self._networks(entry, "in_scope", index)
            ports = tuple(self._ports(word, index, at) for at, word in enumerate(entry.ports))
            entries.append(InScope(networks=_words(networks), ports=ports, note=safe_text(entry.note, 200)))
        return tuple(entries)

    def _out_of_scope(self) -> tuple[OutOfBounds, ...]:
        found = []
        for index, entry in enumerate(self._file.out_of_scope):
            if entry.mac_oui:
                raise self._typed.bad(
                    "mac_oui cannot be kept: a device shows its MAC only when it answers, and behind a router "
                    "never; name its address",
                    *("out_of_scope", index, "mac_oui"),
                )
            networks = self._networks(entry, "out_of_scope", index)
            reason = self._said(entry.reason, "out_of_scope")
            found.append(OutOfBounds(networks=_words(networks), reason=reason))
        nobodys = tuple(self._nobodys())
        if nobodys:
            reason = "the network or broadcast address of a network in scope"
            found.append(OutOfBounds(networks=_words(nobodys), reason=reason))
        return tuple(found)

    def _nobodys(self) -> Iterator[Network]:
        """Ends of subnets that no other entry holds as an address of its own."""
        subnets = [self._networks(e, "in_scope", i)[0] for i, e in enumerate(self._file.in_scope) if e.cidr]
        others = [n for i, e in enumerate(self._file.in_scope) if not e.cidr for n in self._networks(e, "in_scope", i)]
        for end in ends_of(subnets):
            inside = any(lies_in(end, s) and end not in ends_of([s]) for s in subnets)
            if not inside and not any(lies_in(end, o) for o in others):
                yield end

    def _networks(self, entry: Allowed | Forbidden, *where: str | int) -> tuple[Network, ...]:
        given = {key: word for key in ("cidr", "ip", "range") if (word := getattr(entry, key))}
        if len(given) != 1:
            raise self._typed.bad("name exactly one of cidr, ip and range here", *where)
        ((key, word),) = given.items()
        try:
            return _read(key, word)
        except ValueError as error:
            raise self._typed.bad(f"{key} '{shown(word)}' {_SHAPES[key]}", *where, key) from error

    def _ports(self, word: int | str, index: int, at: int) -> tuple[int, int]:
        first, _, last = str(word).partition("-")
        if first.isdecimal() and (not last or last.isdecimal()) and len(str(word)) < 12:
            low, high = int(first), int(last or first)
            if 0 < low <= high < 65536:
                return low, high
        raise self._typed.bad(
            f"'{shown(str(word))}' is no port: write 443 or 8000-8100", "in_scope", index, "ports", at
        )


_SHAPES: Final = {
    "cidr": "is no network: write 192.0.2.0/24, without bits after the prefix",
    "ip": "is no address: write 192.0.2.7, or fe80::7%eth0 on a link",
    "range": "is no range: write 192.0.2.10-192.0.2.40",
}


def _read(key: str, word: str) -> tuple[Network, ...]:
    """What an entry means. Raises ValueError."""
    if key == "cidr":
        return (_on_its_link(unmapped(ip_network(word))),)
    if key == "ip":
        return (_on_its_link(ip_network(canonical(word))),)
    first, last = (canonical(end.strip()) for end in word.split("-"))
    if isinstance(first, IPv4Address) and isinstance(last, IPv4Address):
        return tuple(summarize_address_range(first, last))
    if isinstance(first, IPv6Address) and isinstance(last, IPv6Address) and "%" not in word:
        return tuple(summarize_address_range(first, last))
    raise ValueError(word)


def _on_its_link(place: Network) -> Network:
    """The same. Raises ValueError where its zone is no name of an interface, or it is the same on every link."""
    zone = zone_of(place)
    if zone and not (place.is_link_local and _INTERFACE.fullmatch(zone)):
        raise ValueError(zone)
    return place


def _words(networks: Iterable[Network]) -> tuple[str, ...]:
    return tuple(str(n) for n in networks)


def _parts(value: object) -> Iterator[tuple[str | int, object]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list | tuple):
        yield from enumerate(value)


def _duration(text: str) -> timedelta | None:
    """``15m`` as a time of at most 24 hours; None for anything else."""
    number, unit = text[:-1], text[-1:]
    if not number.isdecimal() or len(number) > 6 or unit not in _UNITS:
        return None
    found = timedelta(seconds=int(number) * _UNITS[unit])
    return found if found <= _BACKOFF else None
