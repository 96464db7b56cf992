"""nginx's listeners with TLS, of http, stream and mail (ngx_http_ssl_module and its siblings).

A directive holds for what lies within its block until it is given there again. Several servers may share a port: the
default one decides the protocol versions, and the first handshakes are its own.
"""

import posixpath
from collections.abc import Iterator

import msgspec

from iotscan.model.facts import CertificateChain, TlsEndpoint
from iotscan.observe.heard import Configured
from iotscan.observe.image.configuration import certificates, tls
from iotscan.observe.image.configuration.configured import Configuration, NotThere
from iotscan.observe.image.configuration.nginx_syntax import Directive, read_file
from iotscan.observe.image.configuration.offer import Setup, endpoint_of
from iotscan.observe.image.configuration.openssl import library_of
from iotscan.observe.image.configuration.places import faces_network, split_place
from iotscan.observe.image.configuration.primes import prime_bits
from iotscan.observe.image.configuration.version import Version, in_program, packaged
from iotscan.observe.image.startup.service import Service
from iotscan.observe.image.tree import Tree

_FILES = ("/etc/nginx/nginx.conf", "/usr/local/nginx/conf/nginx.conf", "/etc/nginx.conf")
_VERSIONS = {"SSLv2": "SSLv2", "SSLv3": "SSLv3", "TLSv1": "TLSv1.0", "TLSv1.1": "TLSv1.1", "TLSv1.2": "TLSv1.2"}
_VERSIONS |= {"TLSv1.3": "TLSv1.3"}
_PACKAGES = ("nginx-common", "nginx", "nginx-light", "nginx-core", "nginx-full", "nginx-ssl")
_KINDS = ("http", "stream", "mail")
_CIPHERS = "HIGH:!aNULL:!MD5"
"""The default of every version since 1.0.5."""


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """One ``server`` with what holds for it from outside."""

    kind: str
    block: Directive
    outer: Directive

    def all(self, name: str) -> tuple[Directive, ...]:
        """The directives of this name that hold here: its own, or where it has none those around it."""
        return tuple(self.block.inside(name)) or tuple(self.outer.inside(name))

    def said(self, name: str) -> Directive | None:
        """The last of them."""
        return next(iter(reversed(self.all(name))), None)

    def word(self, name: str, default: str = "") -> str:
        """Its first word."""
        found = self.said(name)
        return found.words[0] if found is not None and found.words else default


class Listen(msgspec.Struct, frozen=True, kw_only=True):
    """One ``listen`` of a server."""

    port: int
    address: str
    is_tls: bool
    is_default: bool
    server: Server
    directive: Directive


def read(tree: Tree, service: Service) -> Iterator[Configured]:
    """An endpoint for each port with TLS, and the certificates of its servers. Raises Unreadable."""
    directives, root = said(tree, service)
    version = packaged(tree, *_PACKAGES) or in_program(tree, service.program, rb"nginx/(\d+\.\d+\.\d+)")
    for listens in _by_port(_servers(directives)):
        yield from _of_port(tree, service, listens, version, root)


def said(tree: Tree, service: Service) -> tuple[tuple[Directive, ...], str]:
    """What its main file and those it includes say, and the folder of the main file. Raises Unreadable."""
    words = service.arguments
    given = [words[n + 1] for n, word in enumerate(words[:-1]) if word == "-c"]
    path = next((p for p in (*given, *_FILES) if tree.find(p) is not None), "")
    if not path or (given and path != given[0]):
        raise NotThere("nginx is started, and its configuration is not in the image")
    root = posixpath.dirname(path)
    return read_file(tree, path, root), root


def _servers(directives: tuple[Directive, ...]) -> Iterator[Server]:
    for kind in (d for d in directives if d.name in _KINDS):
        for block in kind.inside("server"):
            yield Server(kind=kind.name, block=block, outer=kind)


def _by_port(servers: Iterator[Server]) -> Iterator[list[Listen]]:
    """The listens with TLS that others can reach, together where they share an address."""
    groups: dict[tuple[str, int], list[Listen]] = {}
    for server in servers:
        for directive in server.block.inside("listen"):
            listen = _listen(server, directive)
            if listen is not None and faces_network(listen.address):
                groups.setdefault((listen.address, listen.port), []).append(listen)
    for group in groups.values():
        first = next((listen for listen in group if listen.is_default), group[0])
        if any(listen.is_tls for listen in group):
            yield [first, *(listen for listen in group if listen is not first)]


def _listen(server: Server, directive: Directive) -> Listen | None:
    place, *options = directive.words or ("",)
    if place.startswith("unix:") or "udp" in options or "quic" in options:
        return None
    host, port = ("", int(place)) if place.isdecimal() else split_place(place)
    return Listen(
        port=port if 0 < port < 65536 else 80,
        address="" if host in ("*", "0.0.0.0", "::") else host,
        # "ssl on" holds for all listens of a server; it is gone since 1.25.1.
        is_tls="ssl" in options or server.word("ssl") == "on",
        is_default="default_server" in options or "default" in options,
        server=server,
        directive=directive,
    )


def _of_port(tree: Tree, service: Service, listens: list[Listen], version: Version, root: str) -> Iterator[Configured]:
    where = f"tcp/{listens[0].port}"
    library = library_of(tree, service.program)
    named: dict[certificates.Named, None] = {}
    # A port that a server names more than once is one place to listen.
    servers = {id(listen.server): listen for listen in reversed(listens) if listen.is_tls or listen is listens[0]}
    for listen in reversed(servers.values()):
        server = listen.server
        own = list(_certificates(server, root))
        named |= dict.fromkeys(own)
        if server.word("starttls", "off") == "off":
            setup = _setup(tree, server, listens[0].server, own, version, root)
            place = listen.directive
            yield Configured(fact=endpoint_of(setup, library), path=place.path, line=place.line, service=where)
    yield from certificates.chains(tree, named, where)


def _setup(
    tree: Tree, server: Server, default: Server, named: list[certificates.Named], version: Version, root: str
) -> Setup:
    prime = posixpath.join(root, server.word("ssl_dhparam")) if server.said("ssl_dhparam") else ""
    bits = prime_bits(tree, prime) if prime else 0
    # Without ssl_dhparam there is no DHE since 1.11.0; before there was a prime of 1024 bits in the program.
    has_own = False if version >= (1, 11) else True if version else None
    curves = server.word("ssl_ecdh_curve", "auto")
    return Setup(
        versions=_versions(default, version),
        ciphers=_command(server, "CipherString") or server.word("ssl_ciphers", _CIPHERS),
        ciphers_13=_command(server, "Ciphersuites"),
        keys=certificates.key_types(tree, named),
        has_prime=(bool(bits) or None) if prime else has_own,
        prime_bits=bits if prime else 1024,
        curves="" if curves == "auto" else curves,
        server_order=server.word("ssl_prefer_server_ciphers", "off") == "on",
        tickets=server.word("ssl_session_tickets", "on") == "on",
        client_certificate=server.word("ssl_verify_client", "off") != "off",
        stapling=server.word("ssl_stapling", "off") == "on",
    )


def _versions(server: Server, version: Version) -> dict[str, bool | None]:
    """``ssl_protocols``, else the default of the version: 1.9.1 dropped SSLv3, 1.27.3 TLS 1.0 and 1.1."""
    found = server.said("ssl_protocols")
    least, most = (_VERSIONS.get(_command(server, name), "") for name in ("MinProtocol", "MaxProtocol"))
    if least or most:
        return dict(tls.between(least, most))
    if found is not None:
        named = {_VERSIONS[word] for word in found.words if word in _VERSIONS}
        return {name: name in named for name in _VERSIONS.values()}
    if not version:
        return {"SSLv2": False, "TLSv1.2": True}
    return {
        "SSLv2": False,
        "SSLv3": version < (1, 9, 1),
        "TLSv1.0": version < (1, 27, 3),
        "TLSv1.1": version < (1, 27, 3),
        "TLSv1.2": True,
        "TLSv1.3": version >= (1, 23, 4),
    }


def _command(server: Server, name: str) -> str:
    """``ssl_conf_command NAME VALUE`` (since 1.19.4)."""
    for directive in server.all("ssl_conf_command"):
        if len(directive.words) == 2 and directive.words[0].lower() == name.lower():
            return directive.words[1]
    return ""


def _certificates(server: Server, root: str) -> Iterator[certificates.Named]:
    for directive in server.all("ssl_certificate"):
        # A name with a variable is looked up at each handshake.
        if directive.words and "$" not in directive.words[0]:
            file = posixpath.join(root, directive.words[0])
            yield certificates.Named(file=file, path=directive.path, line=directive.line)


CONFIGURATION = Configuration(
    name="nginx", version=1, programs=("nginx",), gives=(TlsEndpoint, CertificateChain), read=read
)
