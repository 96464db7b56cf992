"""HAProxy's ``bind`` lines with ``ssl`` (HAProxy Configuration Manual, "Bind options" and section 3.1).

Since 2.2 the oldest version is TLS 1.2 by default. The order of suites is the server's unless told otherwise.
"""

import posixpath
from collections.abc import Iterator

import msgspec

from iotscan.model.facts import CertificateChain, TlsEndpoint
from iotscan.observe.heard import Configured
from iotscan.observe.image.configuration import certificates, tls
from iotscan.observe.image.configuration.configured import Configuration, NotThere
from iotscan.observe.image.configuration.offer import Setup, endpoint_of
from iotscan.observe.image.configuration.openssl import Library, library_of
from iotscan.observe.image.configuration.places import Reading, faces_network, split_place
from iotscan.observe.image.configuration.primes import prime_bits
from iotscan.observe.image.configuration.version import Version, in_program, packaged
from iotscan.observe.image.globbing import globbed
from iotscan.observe.image.startup.command import split
from iotscan.observe.image.startup.service import Service
from iotscan.observe.image.tree import Tree

_FILE = "/etc/haproxy/haproxy.cfg"
_NAMES = {"SSLv3": "SSLv3", "TLSv1.0": "TLSv1.0", "TLSv1.1": "TLSv1.1", "TLSv1.2": "TLSv1.2", "TLSv1.3": "TLSv1.3"}
_SHORT = {"sslv3": "SSLv3", "tlsv10": "TLSv1.0", "tlsv11": "TLSv1.1", "tlsv12": "TLSv1.2", "tlsv13": "TLSv1.3"}
_SECTIONS = ("global", "defaults", "frontend", "listen", "backend", "peers", "userlist", "resolvers", "cache")
_TAKES = ("crt", "ciphers", "ciphersuites", "curves", "ecdhe", "ssl-min-ver", "ssl-max-ver", "verify", "ca-file")
_USUAL = {"ssl-default-bind-ciphers": "ciphers", "ssl-default-bind-ciphersuites": "ciphersuites"}
_USUAL |= {"ssl-default-bind-curves": "curves"}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line in its section."""

    section: str
    words: tuple[str, ...]
    path: str
    line: int


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Options with a value, and words that stand alone."""

    told: dict[str, str]
    alone: frozenset[str]


def read(tree: Tree, service: Service) -> Iterator[Configured]:
    """An endpoint for each address with TLS, and its certificates. Raises Unreadable."""
    lines = said(tree, service)
    version = packaged(tree, "haproxy") or in_program(tree, service.program, rb"\0(\d\.\d+\.\d+)-\d\0")
    library = library_of(tree, service.program)
    usual = [line for line in lines if line.section == "global"]
    for line in lines:
        if line.section != "global" and line.words[0] == "bind" and "ssl" in line.words and len(line.words) > 1:
            yield from _of_bind(tree, line, usual, version, library)


def said(tree: Tree, service: Service) -> list[Line]:
    """Every line of its files in its section. Raises Unreadable."""
    words = service.arguments
    given = [words[n + 1] for n, word in enumerate(words[:-1]) if word == "-f"]
    paths = [path for path in given or [_FILE] if tree.find(path) is not None]
    paths = paths or [path for path in (_FILE,) if tree.find(path) is not None and any("$" in g for g in given)]
    if not paths:
        raise NotThere("haproxy is started, and its configuration is not in the image")
    return [line for path in paths for file in _files(tree, path) for line in _lines(Reading(tree), file)]


def _files(tree: Tree, path: str) -> Iterator[str]:
    found = tree.find(path)
    if found is not None and found.kind == "folder":
        yield from globbed(tree, f"{path.rstrip('/')}/*.cfg")
    else:
        yield path


def _lines(reading: Reading, path: str) -> Iterator[Line]:
    section = ""
    for number, raw in enumerate(reading.lines(path), start=1):
        text = raw.strip()
        words = [] if text.startswith("#") else split(text.partition(" #")[0])
        if words and words[0] in _SECTIONS:
            section = words[0]
        elif words:
            yield Line(section=section, words=tuple(words), path=path, line=number)


def _of_bind(tree: Tree, line: Line, usual: list[Line], version: Version, library: Library) -> Iterator[Configured]:
    bases = {each.words[0]: each.words[1] for each in usual if len(each.words) > 1}
    options = _options([w for each in usual if each.words[0] == "ssl-default-bind-options" for w in each.words[1:]])
    told = {_USUAL[key]: value for key, value in bases.items() if key in _USUAL}
    own = _options(line.words[2:])
    both = Options(told=told | options.told | own.told, alone=options.alone | own.alone)
    named = list(_certificates(tree, line, bases.get("crt-base", "")))
    setup = _setup(tree, both, own, named, bases, version)
    fact = endpoint_of(setup, library)
    for place in line.words[1].split(","):
        host, port = split_place(place.removeprefix("ipv4@").removeprefix("ipv6@"))
        host, port = ("::", int(place[3:])) if place.startswith(":::") and place[3:].isdecimal() else (host, port)
        if port and faces_network(host):
            where = f"tcp/{port}"
            yield Configured(fact=fact, path=line.path, line=line.line, service=where)
            yield from certificates.chains(tree, named, where)


def _options(words: "list[str] | tuple[str, ...]") -> Options:
    told: dict[str, str] = {}
    alone = set()
    pending = list(words)
    while pending:
        word = pending.pop(0)
        if word in _TAKES and pending:
            told[word] = pending.pop(0)
        else:
            alone.add(word)
    return Options(told=told, alone=frozenset(alone))


def _certificates(tree: Tree, line: Line, base: str) -> Iterator[certificates.Named]:
    """``crt`` is a file, or a folder with one file for each certificate."""
    words = line.words
    for path in (posixpath.join(base, words[n + 1]) for n, word in enumerate(words[:-1]) if word == "crt"):
        found = tree.find(path) if path.startswith("/") else None
        is_folder = found is not None and found.kind == "folder"
        files = [name for name in globbed(tree, f"{path.rstrip('/')}/*") if not name.endswith((".key", ".ocsp"))]
        for file in files if is_folder else [path]:
            yield certificates.Named(file=file, path=line.path, line=line.line)


def _setup(
    tree: Tree,
    both: Options,
    own: Options,
    named: list[certificates.Named],
    bases: dict[str, str],
    version: Version,
) -> Setup:
    prime = bases.get("ssl-dh-param-file", "")
    bits = max((prime_bits(tree, path) for path in (prime, *(one.file for one in named)) if path), default=0)
    size = bases.get("tune.ssl.default-dh-param", "")
    return Setup(
        versions=_versions(both, own, version),
        ciphers=both.told.get("ciphers", "DEFAULT"),
        ciphers_13=both.told.get("ciphersuites", ""),
        keys=certificates.key_types(tree, named),
        has_prime=True if bits or size else None,
        prime_bits=bits or (int(size) if size.isdecimal() else 0),
        curves=both.told.get("curves") or both.told.get("ecdhe", ""),
        server_order="prefer-client-ciphers" not in both.alone,
        tickets="no-tls-tickets" not in both.alone,
        client_certificate=both.told.get("verify", "none") != "none",
    )


def _versions(both: Options, own: Options, version: Version) -> dict[str, bool | None]:
    """``force-tlsv12`` fixes one; ``ssl-min-ver`` and ``ssl-max-ver`` bound them; ``no-tlsv12`` takes one out."""
    for options in (own, both):
        forced = [_SHORT[w.removeprefix("force-")] for w in options.alone if w.removeprefix("force-") in _SHORT]
        if forced:
            fixed: dict[str, bool | None] = {name: name in forced for name in ("SSLv2", *_NAMES.values())}
            return fixed
    least = _NAMES.get(both.told.get("ssl-min-ver", ""), "")
    if not least and not version:
        return {"SSLv2": False, "SSLv3": None, "TLSv1.0": None, "TLSv1.1": None, "TLSv1.2": True, "TLSv1.3": None}
    least = least or ("TLSv1.2" if version >= (2, 2) else "TLSv1.0")
    taken: dict[str, bool | None] = dict(tls.between(least, _NAMES.get(both.told.get("ssl-max-ver", ""), "")))
    for word in both.alone:
        name = _SHORT.get(word.removeprefix("no-"))
        if word.startswith("no-") and name:
            taken[name] = False
    return taken


CONFIGURATION = Configuration(
    name="haproxy", version=1, programs=("haproxy",), gives=(TlsEndpoint, CertificateChain), read=read
)
