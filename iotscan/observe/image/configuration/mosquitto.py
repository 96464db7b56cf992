"""mosquitto's listeners (mosquitto.conf(5), mosquitto(8)).

What changed between versions counts by the version: ``allow_anonymous`` and the oldest TLS version by default.
"""

import re
from collections.abc import Iterable, Iterator

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import VERSIONS, CertificateChain, MqttBroker, TlsEndpoint
from iotscan.model.vocabulary import Reason
from iotscan.observe.heard import Configured
from iotscan.observe.image.configuration import certificates, tls
from iotscan.observe.image.configuration.configured import Configuration, NotThere
from iotscan.observe.image.configuration.offer import NO_KEY, Setup, endpoint_of
from iotscan.observe.image.configuration.openssl import Library, library_of
from iotscan.observe.image.configuration.places import Reading, faces_network
from iotscan.observe.image.configuration.primes import prime_bits
from iotscan.observe.image.configuration.version import Version, numbers, packaged, program_bytes
from iotscan.observe.image.globbing import globbed
from iotscan.observe.image.startup.service import Service
from iotscan.observe.image.tree import Tree

_VERSIONS = {"tlsv1": "TLSv1.0", "tlsv1.1": "TLSv1.1", "tlsv1.2": "TLSv1.2", "tlsv1.3": "TLSv1.3"}
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_CIPHERS = "DEFAULT:!aNULL:!eNULL:!LOW:!EXPORT:!SSLv2:@STRENGTH"
_AUTHENTICATES = ("password_file", "psk_file", "auth_plugin", "plugin", "global_plugin")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One directive and where it stands."""

    key: str
    value: str
    path: str
    line: int


class Listener(msgspec.Struct, frozen=True, kw_only=True):
    """One listener with the lines that are about it."""

    port: int
    address: str
    path: str
    line: int
    lines: tuple[Line, ...] = ()

    def value(self, key: str) -> str:
        """The last value of a directive of this listener."""
        return next((line.value for line in reversed(self.lines) if line.key == key), "")


def read(tree: Tree, service: Service) -> Iterator[Configured]:
    """A broker for each listener that others can reach, and its TLS. Raises Unreadable."""
    lines = said(tree, service)
    version = _version(tree, service)
    library = library_of(tree, service.program)
    for listener in _listeners(lines, service, version):
        if not listener.port or not faces_network(listener.address):
            continue
        if listener.value("protocol") == "http_api":
            continue
        is_tls = bool(listener.value("psk_hint") or (listener.value("certfile") and listener.value("keyfile")))
        broker = MqttBroker(tls=is_tls, anonymous=_anonymous(lines, listener, version, is_tls), return_code=-1)
        where = f"tcp/{listener.port}"
        yield Configured(fact=broker, path=listener.path, line=listener.line, service=where)
        if is_tls:
            named = [
                certificates.Named(file=line.value, path=line.path, line=line.line)
                for line in listener.lines
                if line.key == "certfile"
            ]
            fact = _endpoint(tree, listener, named, version, library)
            yield Configured(fact=fact, path=listener.path, line=listener.line, service=where)
            yield from certificates.chains(tree, named, where)


def said(tree: Tree, service: Service) -> list[Line]:
    """The lines of its file and those it includes, none without a file. Raises Unreadable."""
    words = service.arguments
    path = next((words[n + 1] for n, w in enumerate(words[:-1]) if w in ("-c", "--config-file")), "")
    if path and tree.find(path) is None:
        raise NotThere(f"{tree.show(path)}, which mosquitto reads, is not in the image")
    return list(_lines(Reading(tree), path)) if path else []


def _lines(reading: Reading, path: str, *, is_included: bool = False) -> Iterator[Line]:
    for number, raw in enumerate(reading.lines(path), start=1):
        words = raw.strip().split(None, 1)
        if not words or words[0].startswith("#"):
            continue
        value = words[1].strip() if len(words) > 1 else ""
        if words[0] == "include_dir":
            # What is included includes nothing more.
            for name in () if is_included else globbed(reading.tree, f"{value.rstrip('/')}/*.conf"):
                yield from _lines(reading, name, is_included=True)
        else:
            yield Line(key=words[0], value=value, path=path, line=number)


def _listeners(lines: list[Line], service: Service, version: Version) -> Iterator[Listener]:
    """The default listener (``port``, ``bind_address``) and every ``listener`` with what follows it."""
    starts = [n for n, line in enumerate(lines) if line.key == "listener"]
    before = tuple(lines[: starts[0]] if starts else lines)
    ports = [line for line in before if line.key == "port"]
    address = next((line.value for line in before if line.key == "bind_address"), "")
    words = service.arguments
    given = next((words[n + 1] for n, w in enumerate(words[:-1]) if w in ("-p", "--port")), "")
    # Without any listener 2.0 is for the device itself alone, where older ones listen for all.
    if ports or address:
        line = ports[-1] if ports else before[0]
        port = line.value if ports else "1883"
        yield _listener(f"{port} {address}", line, before)
    elif not starts and version and version < (2, 0):
        port = given if given.isdecimal() else "1883"
        here = lines[0] if lines else Line(key="", value="", path=service.path, line=service.line)
        yield _listener(port, msgspec.structs.replace(here, line=0), before)
    for place, start in enumerate(starts):
        end = starts[place + 1] if place + 1 < len(starts) else len(lines)
        yield _listener(lines[start].value, lines[start], tuple(lines[start + 1 : end]))


def _listener(value: str, line: Line, lines: tuple[Line, ...]) -> Listener:
    words = value.split()
    port = int(words[0]) if words and words[0].isdecimal() and int(words[0]) < 65536 else 0
    address = words[1] if len(words) > 1 else ""
    if any(other.key == "bind_interface" and other.value == "lo" for other in lines):
        address = "lo"
    return Listener(port=port, address=address, path=line.path, line=line.line, lines=lines)


def _anonymous(lines: list[Line], listener: Listener, version: Version, is_tls: bool) -> Answer[bool]:
    """mosquitto.conf(5), ``allow_anonymous``: to be set for each listener only where that is switched on."""
    if is_tls and (_says(listener.lines, "require_certificate") or listener.value("psk_hint")):
        return Answer.of(False)
    where = listener.lines if _says(lines, "per_listener_settings") else tuple(lines)
    said = _says(where, "allow_anonymous")
    if said is not None:
        return Answer.of(said)
    if not version:
        return Answer.missing(Reason.NOT_OBSERVABLE, "the configuration does not say, and the version is not known")
    if version >= (2, 0):
        return Answer.of(False)
    return Answer.of(not any(line.key in _AUTHENTICATES for line in where))


def _says(lines: Iterable[Line], key: str) -> bool | None:
    """A boolean, the last one; None where none is said. The broker knows four words and ignores any other."""
    said = [_BOOLEANS[line.value] for line in lines if line.key == key and line.value in _BOOLEANS]
    return said[-1] if said else None


def _endpoint(
    tree: Tree, listener: Listener, named: list[certificates.Named], version: Version, library: Library
) -> TlsEndpoint:
    prime = listener.value("dhparamfile")
    bits = prime_bits(tree, prime) if prime else 0
    is_psk = bool(listener.value("psk_hint"))
    taken = _versions(listener, version, library)
    setup = Setup(
        # With pre-shared keys it switches TLS 1.3 off.
        versions=taken | ({"TLSv1.3": False} if is_psk and version >= (2, 0) else {}),
        ciphers=listener.value("ciphers") or _CIPHERS,
        ciphers_13=listener.value("ciphers_tls1.3"),
        keys=certificates.key_types(tree, named) if named else NO_KEY,
        has_psk=is_psk,
        # It leaves the prime to OpenSSL 3, which takes one as strong as the certificate's key.
        has_prime=True if bits or library.version >= (3,) else None,
        prime_bits=bits,
        server_order=True,
        tickets=True if version >= (2, 0) else None,
        client_certificate=None if is_psk else listener.value("require_certificate") == "true",
    )
    return endpoint_of(setup, library)


def _versions(listener: Listener, version: Version, library: Library) -> dict[str, bool | None]:
    """``tls_version`` is the oldest that is taken since 1.6, and the only one before.

    Without it 2.0 documents TLS 1.2, and takes 1.1 (2.0.11, asked over the wire) where its library does.
    """
    named = _VERSIONS.get(listener.value("tls_version"), "")
    if named and version >= (1, 6):
        return dict(tls.between(named, ""))
    if named and version:
        return {name: name == named for name in ("SSLv2", *VERSIONS)}
    if version >= (2, 0):
        return {**tls.between("TLSv1.2", ""), "TLSv1.1": True if library.is_known else None}
    return {"SSLv2": False, "SSLv3": False}


def _version(tree: Tree, service: Service) -> Version:
    known = packaged(tree, "mosquitto", "mosquitto-ssl", "mosquitto-nossl")
    if known:
        return known
    found = {m[1] for m in re.finditer(rb"\0([12]\.\d+\.\d+)\0", program_bytes(tree, service.program))}
    return numbers(found.pop().decode("ascii")) if len(found) == 1 else ()


CONFIGURATION = Configuration(
    name="mosquitto", version=1, programs=("mosquitto",), gives=(MqttBroker, TlsEndpoint, CertificateChain), read=read
)
