"""stunnel's services that take TLS from others (stunnel(8)): what stands before the first section holds for all.

What 5.x does by itself was compared with the running program; the cipher list of an older one is read from it.
"""

import re
from collections.abc import Iterator

import msgspec

from iotscan.model.facts import CertificateChain, TlsEndpoint
from iotscan.observe.heard import Configured
from iotscan.observe.image.configuration import certificates, tls
from iotscan.observe.image.configuration.configured import Configuration, NotThere
from iotscan.observe.image.configuration.offer import NO_KEY, Setup, endpoint_of
from iotscan.observe.image.configuration.openssl import Library, library_of
from iotscan.observe.image.configuration.places import Reading, faces_network
from iotscan.observe.image.configuration.primes import prime_bits
from iotscan.observe.image.configuration.version import Version, in_program, packaged, program_bytes
from iotscan.observe.image.globbing import globbed
from iotscan.observe.image.startup.service import Service
from iotscan.observe.image.tree import Tree

_NAMES = {"tlsv1": "TLSv1.0", "tlsv1.1": "TLSv1.1", "tlsv1.2": "TLSv1.2", "tlsv1.3": "TLSv1.3"}
_NAMES |= {"sslv2": "SSLv2", "sslv3": "SSLv3", "all": ""}
_LIST = re.compile(rb"\0(HIGH:![\w:!+@=-]{3,80})\0")
_DEPTH = 8


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One setting and where it stands."""

    key: str
    value: str
    path: str
    line: int


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One service with the settings before all services; the last of a key counts, but ``options`` add up."""

    lines: tuple[Line, ...]

    def find(self, key: str) -> Line | None:
        """The line that counts."""
        return next((line for line in reversed(self.lines) if line.key == key), None)

    def value(self, key: str, default: str = "") -> str:
        """Its value."""
        line = self.find(key)
        return line.value if line is not None else default

    def says(self, key: str) -> bool:
        """True for ``yes``."""
        return self.value(key).lower() == "yes"

    def options(self) -> set[str]:
        """The options of OpenSSL that are set."""
        return {line.value.upper() for line in self.lines if line.key == "options"}


def read(tree: Tree, service: Service) -> Iterator[Configured]:
    """An endpoint for each service that others can reach, and its certificates. Raises Unreadable."""
    version = packaged(tree, "stunnel4", "stunnel") or in_program(tree, service.program, rb"stunnel (\d+\.\d+)")
    library = library_of(tree, service.program)
    for section in said(tree, service):
        yield from _of_section(tree, section, version, library, service)


def said(tree: Tree, service: Service) -> Iterator[Section]:
    """Every service of its files, those that it is the client of among them. Raises Unreadable."""
    given = [word for word in service.arguments if word.startswith("/")]
    paths = given[:1] or list(globbed(tree, "/etc/stunnel/*.conf"))
    found = [path for path in paths if tree.find(path) is not None]
    if not found:
        raise NotThere("stunnel is started, and its configuration is not in the image")
    for path in found:
        yield from _sections(list(_lines(Reading(tree), path, 0)))


def _lines(reading: Reading, path: str, depth: int) -> Iterator[Line]:
    for number, raw in enumerate(reading.lines(path), start=1):
        text = raw.strip().lstrip("\ufeff")
        key, has_value, value = text.partition("=")
        if text.startswith("["):
            yield Line(key="[", value=text.strip("[] "), path=path, line=number)
        elif has_value and not text.startswith((";", "#")):
            line = Line(key=key.strip().lower(), value=value.strip(), path=path, line=number)
            if line.key == "include" and depth < _DEPTH:
                for name in globbed(reading.tree, f"{line.value.rstrip('/')}/*"):
                    yield from _lines(reading, name, depth + 1)
            else:
                yield line


def _sections(lines: list[Line]) -> Iterator[Section]:
    starts = [n for n, line in enumerate(lines) if line.key == "["]
    common = lines[: starts[0]] if starts else lines
    for place, start in enumerate(starts):
        end = starts[place + 1] if place + 1 < len(starts) else len(lines)
        yield Section(lines=(*common, *lines[start + 1 : end]))


def _of_section(
    tree: Tree, section: Section, version: Version, library: Library, service: Service
) -> Iterator[Configured]:
    accept = section.find("accept")
    if accept is None or section.says("client"):
        return
    # ``:::443`` is every address of IPv6.
    host, _, last = accept.value.rpartition(":")
    port = int(last) if last.isdecimal() else 0
    if not 0 < port < 65536 or not faces_network(host.strip("[]")):
        return
    where = f"tcp/{port}"
    named = [
        certificates.Named(file=line.value, path=line.path, line=line.line)
        for line in section.lines
        if line.key == "cert"
    ]
    setup = _setup(tree, section, named, version, service)
    yield Configured(fact=endpoint_of(setup, library), path=accept.path, line=accept.line, service=where)
    yield from certificates.chains(tree, named, where)


def _setup(tree: Tree, section: Section, named: list[certificates.Named], version: Version, service: Service) -> Setup:
    level = section.value("securitylevel")
    ciphers = section.value("ciphers") or _default_list(tree, version, service)
    own_prime = max((prime_bits(tree, one.file) for one in named), default=0)
    options = section.options()
    verifies = section.says("verifychain") or section.says("verifypeer") or section.value("verify").isdecimal()
    return Setup(
        versions=_versions(section, options),
        ciphers=f"{ciphers}:@SECLEVEL={level}" if ciphers and level.isdecimal() else ciphers,
        ciphers_13=section.value("ciphersuites"),
        keys=certificates.key_types(tree, named) if named else NO_KEY,
        has_psk=bool(section.value("psksecrets")),
        has_prime=True if own_prime or version >= (5,) else None,
        prime_bits=own_prime or 2048,
        curves=section.value("curves") or section.value("curve"),
        server_order="CIPHER_SERVER_PREFERENCE" in options,
        tickets=None,
        compression=bool(section.value("compression")),
        client_certificate=verifies,
        opening=section.value("protocol").lower(),
    )


def _versions(section: Section, options: set[str]) -> dict[str, bool | None]:
    """``sslVersion``, else ``sslVersionMin`` (TLSv1) and ``sslVersionMax``; ``options = NO_TLSv1`` takes one out."""
    only = _NAMES.get(section.value("sslversion").lower())
    least = only or _NAMES.get(section.value("sslversionmin", "all" if only == "" else "TLSv1").lower(), "")
    most = only or _NAMES.get(section.value("sslversionmax", "all").lower(), "")
    taken = dict(tls.between(least, most))
    if not only and not section.value("sslversionmin"):
        taken["SSLv3"] = "-NO_SSLV3" in options
    barred = {option.removeprefix("NO_").lower().replace("_", ".") for option in options if option.startswith("NO_")}
    return {name: is_on and not _is_barred(name, barred) for name, is_on in taken.items()}


def _is_barred(name: str, barred: set[str]) -> bool:
    return any(_NAMES.get(word) == name for word in barred)


def _default_list(tree: Tree, version: Version, service: Service) -> str | None:
    found = {match[1] for match in _LIST.finditer(program_bytes(tree, service.program))}
    if len(found) == 1:
        return str(found.pop(), "ascii")
    return "HIGH:!aNULL:!SSLv2:!DH:!kDHEPSK" if version >= (5,) else None


CONFIGURATION = Configuration(
    name="stunnel",
    version=1,
    programs=("stunnel", "stunnel4", "stunnel5"),
    gives=(TlsEndpoint, CertificateChain),
    read=read,
)
