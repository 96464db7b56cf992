"""Private data as stable pseudonyms: a run that a client may pass on (redaction level ``strict``).

The same value has the same pseudonym all over a run. A pseudonym is keyed by a random secret of the run, which
never leaves the operator: without it the few million MAC addresses of a vendor could simply be tried. What
stays: private addresses (the network must remain readable), models, vendors, versions, findings, fingerprints.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address
from typing import Final, TypeVar
from urllib.parse import urlsplit

import msgspec

from iotscan.model.facts import (
    Accounts,
    Announcement,
    AnyFact,
    CertificateChain,
    Claim,
    Extensions,
    HttpServer,
    MqttTenant,
    NameRecords,
    RevocationStatus,
    SnmpAgent,
    SnmpEngine,
    SshServer,
    UpdateServer,
    WellKnown,
)
from iotscan.model.private_image import in_image
from iotscan.model.private_talk import in_traffic, is_system_user
from iotscan.model.result import Result
from iotscan.model.run import Notice, Run
from iotscan.model.vocabulary import AttemptStatus, Element, Outcome, Reason, Severity, Vantage
from iotscan.model.walk import rewrite

T = TypeVar("T")
_DIGITS: Final = 6
_MAC_DIGITS: Final = 3
_SHORTEST: Final = 3
"""Characters of a value that is looked for everywhere."""
ADVICE: Final = "  # the names in it are pseudonyms"
_NOTICE: Final = Notice(
    about="redaction",
    text="strict: names, identifiers, public addresses and people are pseudonyms, in commands as well; who made "
    "this report can resolve them",
)

_OURS: Final = frozenset(
    """
    schema tool profile checks check need probe variant transport protocol service scheme key_type signature_hash
    engine version kex ciphers macs host_key_algorithms fingerprint findings caps sha256 spki spki_sha256 body_sha256
    public_sha256 scope_sha256 audit_root severity signature_algorithm curve critical unknown_critical key_usage
    extended_key_usage policies subject_key authority_key defects
    """.split()  # noqa: SIM905  # as prose it can be read
)
"""Fields that hold words of ours, hashes or algorithms: no device's name is looked for in them."""

_RESERVED: Final = frozenset(
    word
    for words in (
        *(Element, Severity, Outcome, Vantage, Reason, AttemptStatus),
        ("http", "https", "telnet", "mqtt", "snmp", "ssh", "tls", "unknown", "port", "device", "with", "from", "this"),
    )
    for word in map(str, words)
)
"""Words of ours that a device may be called by: not looked for in sentences."""

_ALGORITHM_DOMAINS: Final = ("openssh.com", "libssh.org", "ssh.com", "liu.se", "tinyssh.org", "tartarus.org")
"""Who names SSH algorithms like mail addresses: ``chacha20-poly1305@openssh.com``."""

_PATTERN: Final = re.compile(
    r"(?P<mac>(?<![0-9A-Fa-f:.-])(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}(?![0-9A-Fa-f:-]))"
    r"|(?P<bare>(?<![0-9A-Fa-f])[0-9A-Fa-f]{12}(?![0-9A-Fa-f]))"
    r"|(?P<uuid>(?<![0-9A-Fa-f])[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![0-9A-Fa-f]))"
    r"|(?P<mail>(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8})"
    r"|(?P<ip4>(?:(?<![\w./-])|(?<=//))\d{1,3}(?:\.\d{1,3}){3}(?![\w.]?\d))"
    r"|(?P<ip6>(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:]))"
    r"|(?P<home>(?:/home/|/Users/|\\Users\\))(?P<owner>[^/\s\\:'\"]{1,64})"
    r"|(?P<wifi>(?i:\bssid)[\"']?\s{0,2}[=:]\s{0,2}[\"']?)(?P<ssid>[^\"'\s,;&]{1,32})"
)
_UNAME: Final = re.compile(r"(?:Linux|FreeBSD|NetBSD|OpenBSD|Darwin|SunOS) (\S{1,64}) \d+\.\d")
_COMMON_NAME: Final = re.compile(r"(?:^|,)CN=([^,+]{1,200})")
_HOST_NAME: Final = re.compile(r"(?![\d.:/-]*$)[\w.-]{1,253}")
_WORDS: Final = re.compile(r"\w+")


class Pseudonym(msgspec.Struct, frozen=True, kw_only=True):
    """What a pseudonym stands for."""

    kind: str
    value: str


class Pseudonyms:
    """Gives pseudonyms under ``key`` and remembers them; ``known`` are those of earlier reports of the run."""

    def __init__(self, key: bytes, known: Mapping[str, Pseudonym] | None = None) -> None:
        self.key = key
        self.known: dict[str, Pseudonym] = dict(known or {})
        self._given = {(p.kind, p.value): name for name, p in self.known.items()}

    def of(self, kind: str, value: str) -> str:
        """The pseudonym of a value; its own when it is one already."""
        if value in self.known:
            return value
        given = self._given.get((kind, value))
        if given is None:
            given = self._new(kind, value)
            self._given[kind, value] = given
            self.known[given] = Pseudonym(kind=kind, value=value)
        return given

    def _new(self, kind: str, value: str) -> str:
        tag = hmac.new(self.key, f"{kind}\0{value}".encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
        # Two values never share one: the tag grows until it is free.
        for digits in range(_MAC_DIGITS if kind == "mac" else _DIGITS, len(tag)):
            name = f"{value[:8]}:#{tag[:digits]}" if kind == "mac" else f"{kind}-{tag[:digits]}"
            if name not in self.known:
                return name
        raise ValueError("no pseudonym is left")


def pseudonymise(run: Run, names: Pseudonyms) -> Run:
    """``run`` with private data replaced by pseudonyms; fingerprints and hashes stay."""
    changing = _Changing(names)
    changing.learn_all((run,))
    told = rewrite(run, changing.text, skip=_OURS)
    results = tuple(
        after if after.reproduce in (before.reproduce, before.reproduce + ADVICE) else _advised(after)
        for after, before in zip(told.results, run.results, strict=True)
    )
    notices = (*(n for n in told.notices if n != _NOTICE), _NOTICE)
    return msgspec.structs.replace(told, results=results, notices=notices)


def pseudonymise_told(told: T, runs: Iterable[Run], names: Pseudonyms) -> T:
    """What is told of some runs (a comparison of them), with the private data of all of them replaced."""
    changing = _Changing(names)
    changing.learn_all(tuple(runs))
    return rewrite(told, changing.text, skip=_OURS)


def _advised(result: Result) -> Result:
    return msgspec.structs.replace(result, reproduce=result.reproduce.removesuffix(ADVICE) + ADVICE)


def _private(run: Run) -> Iterator[tuple[str, str]]:
    """What a run itself says is a name or an identifier: kind and value."""
    for device in run.devices:
        yield "mac", device.mac
        yield from _claimed(device.claims)
        if any(_is_public(a) for a in device.addresses):
            # The id of a device is a hash of its address, and there are few addresses.
            yield from (("dev", sighting.id) for sighting in (device, *device.sightings))
    yield from _servers(run)
    for observation in run.observations:
        yield from _in_fact(observation.fact)
    for known in run.earlier:
        names = (known.subject, *([known.issuer] if known.is_self_issued else []))
        yield from (("host", n) for text in names for n in _COMMON_NAME.findall(text) if not _is_address(n))
    of_parts = (target for part in run.parts if part.command != "image" for target in part.targets)
    named = of_parts if run.parts else run.targets if run.command != "image" else ()
    given = {image.source for image in run.images} | {capture.source for capture in run.captures}
    yield from (("host", target) for target in named if _HOST_NAME.fullmatch(target) and target not in given)
    # What a file of somebody's household is called says whose it is; an interface and a stream have no file.
    yield from (("capture", c.source) for c in run.captures if c.sha256 or (c.problem and c.source != "-"))
    yield from (("capture", c.kept) for c in run.captures if c.kept)
    for waiver in run.waivers:
        yield from (("person", who) for who in (waiver.owner, waiver.approved_by))
    yield from (("person", a.by) for a in run.attestations)


def _servers(run: Run) -> Iterator[tuple[str, str]]:
    """Back ends that were granted or permitted, also those that did not answer."""
    scopes = [run.scope, *(part.scope for part in run.parts)]
    yield from (("host", server.name) for scope in scopes for server in scope.backends)
    permitted = [word for scope in scopes if scope.mandate for word in scope.mandate.permits.backends]
    words = (word.rpartition(":")[0] if word.count(":") == 1 else word for word in permitted)
    yield from (("host", word) for word in words if not _is_address(word.strip("[]")))


def _claimed(claims: tuple[Claim, ...]) -> Iterator[tuple[str, str]]:
    for claim in claims:
        if claim.what in ("serial", "uuid"):
            yield claim.what, claim.value
        elif claim.what == "client-id":
            yield "serial", claim.value
        elif claim.what in ("hostname", "full-name"):
            yield "host", claim.value
        elif claim.what == "name" and not claim.how.startswith("http "):
            yield "name", claim.value
        elif claim.what == "description" and (uname := _UNAME.search(claim.value)):
            yield "host", uname[1]


def _in_fact(fact: AnyFact) -> Iterator[tuple[str, str]]:
    match fact:
        case Announcement():
            yield from _claimed(fact.claims)
        case Accounts():
            yield from (("user", a.name) for a in fact.accounts if not is_system_user(a.name))
        case SnmpAgent():
            yield from (("host", found) for found in _UNAME.findall(fact.description))
        case SnmpEngine():
            yield "host", fact.stated
        case CertificateChain():
            yield "host", fact.server_name
            yield from _in_chain(fact)
        case HttpServer():
            yield from _host_of(fact.location)
        case UpdateServer():
            yield from (found for a in fact.artefacts for origin in a.elsewhere for found in _host_of(origin))
        case WellKnown():
            resources = (url for r in fact.resource_documents for url in (r.resource, *r.servers))
            for url in (fact.oauth_issuer, *(d.issuer for d in fact.oauth_documents), *resources):
                yield from _host_of(url)
        case RevocationStatus():
            yield from (found for a in fact.answers for found in _host_of(a.where))
            yield from (found for url in fact.unfetched for found in _host_of(url))
        case NameRecords():
            # A domain above it, unless that is a whole top-level domain.
            yield from (("host", name) for name in (fact.name, fact.caa_at) if "." in name)
        case MqttTenant():
            yield from (("name", topics) for topics in fact.filters if topics.strip("#+/"))
        case SshServer():
            names = (name for certificate in fact.host_certificates for name in certificate.principals)
            yield from (("host", name) for name in names if not _is_address(name))
        case _:
            for kind, value in (*in_traffic(fact), *in_image(fact)):
                found = _host_of(value if "://" in value else f"//{value}") if kind == "url" else ((kind, value),)
                yield from (each for each in found if not _is_address(each[1]))


def _in_chain(chain: CertificateChain) -> Iterator[tuple[str, str]]:
    for place, certificate in chain.placed:
        yield from (("host", n) for n in certificate.names if not _is_address(n))
        if place == 0 or not certificate.is_ca:
            yield from (("host", n) for n in _COMMON_NAME.findall(certificate.subject) if not _is_address(n))
        yield from (found for url in (*certificate.crl_urls, *certificate.ocsp_urls) for found in _host_of(url))
        if certificate.extensions is not None:
            yield from _in_extensions(certificate.extensions)
    for malformed in chain.malformed:
        subjects = (text.removeprefix("subject ") for text in malformed.read if text.startswith("subject "))
        yield from (("host", n) for text in subjects for n in _COMMON_NAME.findall(text) if not _is_address(n))


def _in_extensions(said: Extensions) -> Iterator[tuple[str, str]]:
    yield "serial", said.serial_number
    yield from (found for uri in said.uris for found in (("serial", uri), *_host_of(uri)))
    yield from (found for url in (*said.issuer_urls, *said.delta_crl_urls) for found in _host_of(url))
    for limit in (*(said.permitted or ()), *(said.excluded or ())):
        kind, _, name = limit.partition(":")
        if kind in ("dns", "email", "uri") and "@" not in name:
            yield "host", name.lstrip(".")


def _host_of(url: str) -> Iterator[tuple[str, str]]:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return
    if host and not _is_address(host):
        yield "host", host


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_public(address: str) -> bool:
    """True for an address that the internet routes, and for one that holds a MAC address (RFC 4291, EUI-64)."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return parsed.is_global or (parsed.version == 6 and parsed.packed[11:13] == b"\xff\xfe")


class _Changing:
    """Replaces what was learnt and what has a form of its own in one text after the other."""

    def __init__(self, names: Pseudonyms) -> None:
        self._names = names
        self._whole: dict[str, str] = {}
        self._by_first_word: dict[str, list[tuple[str, str]]] = {}
        self._macs: set[str] = set()
        self._done: dict[str, str] = {}

    def learn(self, kind: str, value: str) -> None:
        """A value to replace wherever it stands as a whole word."""
        if not value or value in self._names.known or value in self._whole:
            return
        if kind == "mac":
            self._macs.add(_bare(value))
            return
        self._replace(value, self._names.of(kind, value))

    def _replace(self, value: str, name: str) -> None:
        self._whole.setdefault(value, name)
        first = _WORDS.search(value)
        if first and len(value) >= _SHORTEST and value.lower() not in _RESERVED:
            several = self._by_first_word.setdefault(first[0].lower(), [])
            several.append((value, name))
            several.sort(key=lambda pair: -len(pair[0]))

    def learn_all(self, runs: tuple[Run, ...]) -> None:
        """Whatever is private in some runs. The folder of an image is; what the image is called stays, as models do."""
        for folder, name in sorted({i.source.rpartition("/")[::2] for run in runs for i in run.images}):
            if folder.strip("./"):
                self._replace(f"{folder}/{name}", f"{self._names.of('folder', folder)}/{name}")
        for kind, value in sorted({entry for run in runs for entry in _private(run)}):
            self.learn(kind, value)

    def text(self, text: str) -> str:
        """One text, private data replaced."""
        if text not in self._done:
            self._done[text] = self._whole.get(text) or _PATTERN.sub(self._formed, self._learnt(text))
        return self._done[text]

    def _learnt(self, text: str) -> str:
        pieces, done = [], 0
        for word in _WORDS.finditer(text):
            if word.start() < done:
                continue
            for value, name in self._by_first_word.get(word[0].lower(), ()):
                begin = word.start() - _lead(value)
                end = begin + len(value)
                if begin >= done and text[begin:end].lower() == value.lower() and not text[end : end + 1].isalnum():
                    pieces += [text[done:begin], name]
                    done = end
                    break
        return "".join((*pieces, text[done:]))

    def _formed(self, found: re.Match[str]) -> str:
        kind, whole = found.lastgroup, found[0]
        if found["home"]:
            return found["home"] + self._user(found["owner"])
        if found["wifi"]:
            return found["wifi"] + self._names.of("ssid", found["ssid"])
        if kind == "mac":
            return self._mac(whole)
        if kind == "bare":
            return self._mac(whole) if _bare(whole) in self._macs else whole
        if kind == "mail":
            return whole if whole.endswith(_ALGORITHM_DOMAINS) else self._names.of("mail", whole.lower())
        if kind == "uuid":
            return self._names.of("uuid", whole.lower())
        if not _is_public(whole):
            return whole
        return self._names.of("public-ip" if ip_address(whole).is_global else "private-ip", whole)

    def _user(self, name: str) -> str:
        return name if is_system_user(name) else self._names.of("user", name)

    def _mac(self, written: str) -> str:
        digits = _bare(written)
        return self._names.of("mac", ":".join(digits[i : i + 2] for i in range(0, 12, 2)))


def _lead(value: str) -> int:
    """Characters of a value before its first word: ``*.`` of ``*.example``."""
    found = _WORDS.search(value)
    return found.start() if found else 0


def _bare(mac: str) -> str:
    return mac.replace(":", "").replace("-", "").lower()


__all__ = ["ADVICE", "Pseudonym", "Pseudonyms", "pseudonymise"]
