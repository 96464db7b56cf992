"""The file of waivers and attestations, ``iotscan.waivers.yaml``: its written form and what it must keep to.

Schema ``iotscan/waivers@1``. A waiver takes findings out of the gate until a date; an attestation is a
person's word on what no probe can see. Both name an owner, a reason and an end, at most a year ahead.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from fnmatch import fnmatchcase
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Literal

import msgspec

from iotscan.data.strict_yaml import BadYaml, Where, parse
from iotscan.data.typed_yaml import Typed, nearest, read_typed, shown, typed
from iotscan.model.vocabulary import Severity

SCHEMA = "iotscan/waivers@1"
NAME = "iotscan.waivers.yaml"
"""The file that is used without being named, in the working directory."""
LONGEST = timedelta(days=365)
DEVICE_KEYS = ("asset", "service", "ip", "within")
IMAGE_KEYS = ("image", "path")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_SERVICE = re.compile(r"(tcp|udp)/([1-9][0-9]{0,4})")
_FINGERPRINT = re.compile(r"[0-9a-f]{16}")
_GLOB = re.compile(r"[*?\[]")


class Target(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whom an entry is about; all that is given must hold.

    ``asset`` is a device by its id, MAC, serial number, UUID, name or model; ``service`` is ``tcp/8443``;
    ``ip`` an address together with the network it lies ``within``. ``image`` is an image's name, ``path``
    a glob inside it (``*`` stays inside one folder, ``**`` does not).
    """

    asset: str = ""
    service: str = ""
    ip: str = ""
    within: str = ""
    image: str = ""
    path: str = ""

    def __str__(self) -> str:
        given = ((name, getattr(self, name)) for name in self.__struct_fields__)
        return ", ".join(f"{name} {value}" for name, value in given if value)


class WaiverEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One waiver. ``expires`` is a day that still counts (UTC), at most 365 days after ``created``."""

    id: str
    check: str
    target: Target
    decision: Literal["risk_accepted", "false_positive", "compensating_control", "vendor_fix_pending"]
    reason: str
    owner: str
    created: date
    expires: date
    approved_by: str = ""
    ticket: str = ""
    max_severity: Severity | None = None
    """It is void for a finding graver than this."""
    fingerprint: str = ""
    """It covers this one finding."""
    allow_glob: bool = False
    """``check`` may be a glob over check ids."""


class AttestationEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person states of a whole device or image: ``holds`` answers the title of ``check``."""

    id: str
    check: str
    target: Target
    holds: bool
    by: str
    reference: str
    """Where it can be looked up: a document, a ticket, a minute."""
    created: date
    expires: date


Entry = WaiverEntry | AttestationEntry


class WaiverFile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The whole file."""

    waivers: tuple[WaiverEntry, ...] = ()
    attestations: tuple[AttestationEntry, ...] = ()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Both kinds, waivers first."""
        return (*self.waivers, *self.attestations)


class KnownChecks(msgspec.Struct, frozen=True, kw_only=True):
    """The checks that a file may name: id or alias in lower case -> id, and those that a person answers."""

    ids: dict[str, str]
    attestable: frozenset[str] = frozenset()

    def matching(self, word: str) -> tuple[str, ...]:
        """The ids that a glob takes, sorted."""
        return tuple(sorted({found for found in self.ids.values() if fnmatchcase(found, word.lower())}))


def read_waivers(path: Path, known: KnownChecks, *, today: date) -> WaiverFile:
    """Read a file; checks stand in it by their ids afterwards, globs as they were.

    ``today`` bounds ``created``: an entry made in the future would hold longer than a year.
    Raises BadYaml with file and line.
    """
    return _Checking(read_typed(path, WaiverFile, schema=SCHEMA), known, today).file()


def parse_waivers(text: str, path: Path, known: KnownChecks, *, today: date) -> WaiverFile:
    """Like :func:`read_waivers`, from text that is not written yet; ``path`` is for messages."""
    document = parse(text.encode(), path)
    return _Checking(typed(path, document, WaiverFile, schema=SCHEMA), known, today).file()


def is_glob(word: str) -> bool:
    """True when a word for a check is a pattern."""
    return bool(_GLOB.search(word))


class _Checking:
    """Asks what types cannot: dates, names, targets."""

    def __init__(self, typed: Typed[WaiverFile], known: KnownChecks, today: date) -> None:
        self._typed = typed
        self._known = known
        # A day of grace: it is tomorrow already, east of Greenwich.
        self._latest = today + timedelta(days=1)

    def file(self) -> WaiverFile:
        """The file with the ids of its checks. Raises BadYaml."""
        said = self._typed.value
        self._ids()
        return WaiverFile(
            waivers=tuple(self._waiver(w, ("waivers", i)) for i, w in enumerate(said.waivers)),
            attestations=tuple(self._attestation(a, ("attestations", i)) for i, a in enumerate(said.attestations)),
        )

    def _ids(self) -> None:
        holders: dict[str, Where] = {}
        for where, entry in self._entries():
            if not _ID.fullmatch(entry.id):
                raise self._bad(
                    (*where, "id"), f"'{shown(entry.id)}' is no id: letters, digits, '.', '_' and '-', as W-2026-014"
                )
            first = holders.setdefault(entry.id, where)
            if first != where:
                line = self._typed.line(*first)
                raise self._bad((*where, "id"), f"the id '{entry.id}' is taken in line {line}: each entry has its own")

    def _entries(self) -> Iterator[tuple[Where, Entry]]:
        said = self._typed.value
        yield from ((("waivers", i), w) for i, w in enumerate(said.waivers))
        yield from ((("attestations", i), a) for i, a in enumerate(said.attestations))

    def _waiver(self, entry: WaiverEntry, where: Where) -> WaiverEntry:
        self._texts(entry, where, ("reason", "owner"))
        self._dates(entry, where)
        self._target(entry.target, where)
        if entry.fingerprint and not _FINGERPRINT.fullmatch(entry.fingerprint):
            at = (*where, "fingerprint")
            raise self._bad(at, f"'{shown(entry.fingerprint)}' is no fingerprint: 16 digits of 0-9 and a-f, in quotes")
        if is_glob(entry.check):
            self._glob(entry, where)
            return entry
        return msgspec.structs.replace(entry, check=self._check(entry.check, where))

    def _attestation(self, entry: AttestationEntry, where: Where) -> AttestationEntry:
        self._texts(entry, where, ("by", "reference"))
        self._dates(entry, where)
        self._target(entry.target, where)
        for name in ("service", "path"):
            if getattr(entry.target, name):
                at = (*where, "target", name)
                raise self._bad(at, f"an attestation is about a whole device or image: leave out '{name}'")
        check = self._check(entry.check, where)
        if check not in self._known.attestable:
            words = ", ".join(sorted(self._known.attestable))
            raise self._bad(
                (*where, "check"), f"'{check}' is not for a person to answer: {words} are; waive it instead"
            )
        return msgspec.structs.replace(entry, check=check)

    def _texts(self, entry: Entry, where: Where, names: Sequence[str]) -> None:
        for name in names:
            if not getattr(entry, name).strip():
                raise self._bad((*where, name), f"'{name}' is empty: say it, so that it can be answered for")

    def _dates(self, entry: Entry, where: Where) -> None:
        if entry.created > self._latest:
            raise self._bad((*where, "created"), f"{entry.created} lies in the future: write the day of the decision")
        if entry.expires < entry.created:
            raise self._bad((*where, "expires"), f"{entry.expires} is before it was created ({entry.created})")
        if entry.expires - entry.created > LONGEST:
            latest = entry.created + LONGEST
            raise self._bad((*where, "expires"), f"{entry.expires} is more than a year ahead: {latest} at the latest")

    def _check(self, word: str, where: Where) -> str:
        found = self._known.ids.get(word.lower())
        if found is None:
            names = list(self._known.ids)
            raise self._bad((*where, "check"), f"there is no check '{shown(word)}'{nearest(word, names)}")
        return found

    def _glob(self, entry: WaiverEntry, where: Where) -> None:
        at = (*where, "check")
        if not entry.allow_glob:
            said = shown(entry.check)
            raise self._bad(at, f"'{said}' is a pattern: name one check, or add 'allow_glob: true' if you mean it")
        if not self._known.matching(entry.check):
            said = f"no check fits '{shown(entry.check)}'"
            raise self._bad(at, f"{said}{nearest(entry.check, sorted(set(self._known.ids.values())))}")

    def _target(self, target: Target, entry: Where) -> None:
        where = (*entry, "target")
        given = [name for name in target.__struct_fields__ if getattr(target, name).strip()]
        if not given:
            raise self._bad(where, f"the target is empty: give one of {', '.join(target.__struct_fields__)}")
        for name in target.__struct_fields__:
            if getattr(target, name) and name not in given:
                raise self._bad((*where, name), f"'{name}' is blank: leave it out, or say which")
        ours, theirs = ([n for n in given if n in keys] for keys in (DEVICE_KEYS, IMAGE_KEYS))
        if ours and theirs:
            said = f"'{ours[0]}' is of a device and '{theirs[0]}' of an image: nothing is both"
            raise self._bad((*where, theirs[0]), f"{said}, so write two entries")
        if _is_address(target.asset):
            said = f"an address may be another device's tomorrow: write ip: {shown(target.asset)} with within: CIDR"
            raise self._bad((*where, "asset"), said)
        if target.service and not _is_service(target.service):
            raise self._bad((*where, "service"), f"'{shown(target.service)}' is no service: write it like tcp/8443")
        if target.ip or target.within:
            self._address(target, where)

    def _address(self, target: Target, where: Where) -> None:
        if not target.within:
            raise self._bad((*where, "ip"), "an address alone may be another device's tomorrow: add within: CIDR")
        if not target.ip:
            raise self._bad((*where, "within"), "'within' says in which network 'ip' lies: add ip, or name an asset")
        if not _is_address(target.ip):
            raise self._bad((*where, "ip"), f"'{shown(target.ip)}' is no address: write it like 192.0.2.10")
        network = _network(target.within)
        if network is None:
            raise self._bad((*where, "within"), f"'{shown(target.within)}' is no network: write it like 192.0.2.0/24")
        if ip_address(target.ip) not in network:
            raise self._bad((*where, "ip"), f"{target.ip} does not lie within {network}: correct one of them")

    def _bad(self, where: Where, problem: str) -> BadYaml:
        return self._typed.bad(problem, *where)


def _is_address(word: str) -> bool:
    try:
        return bool(ip_address(word.strip()))
    except ValueError:
        return False


def _network(word: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(word)
    except ValueError:
        return None


def _is_service(word: str) -> bool:
    found = _SERVICE.fullmatch(word)
    return bool(found) and int(word.partition("/")[2]) <= 65535
