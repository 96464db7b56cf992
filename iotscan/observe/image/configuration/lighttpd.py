"""lighttpd's sockets with TLS (mod_openssl, and what it says of the other TLS modules).

Since 1.4.56 the oldest version is TLS 1.2 by default, since 1.4.68 the list of ciphers is a short one (its NEWS); a
socket without settings of its own takes those of the file. Compared with the running program.
"""

from collections.abc import Iterator, Mapping

import msgspec

from iotscan.model.facts import CertificateChain, TlsEndpoint
from iotscan.observe.heard import Configured
from iotscan.observe.image.configuration import certificates, tls
from iotscan.observe.image.configuration.configured import Configuration, NotThere
from iotscan.observe.image.configuration.lighttpd_syntax import Opened, Parser, Setting, Value
from iotscan.observe.image.configuration.offer import Setup, endpoint_of
from iotscan.observe.image.configuration.openssl import Library, library_of
from iotscan.observe.image.configuration.places import Reading, faces_network, split_place
from iotscan.observe.image.configuration.primes import prime_bits
from iotscan.observe.image.configuration.version import Version, in_program, packaged, program_bytes
from iotscan.observe.image.startup.service import Service
from iotscan.observe.image.tree import Tree

_FILES = ("/etc/lighttpd/lighttpd.conf", "/etc/lighttpd.conf", "/usr/local/etc/lighttpd.conf")
_MODULES = ("/usr/lib/lighttpd/mod_openssl.so", "/usr/lib64/lighttpd/mod_openssl.so")
_OTHERS = ("mod_gnutls", "mod_mbedtls", "mod_wolfssl", "mod_nss")
_NAMES = {"SSLv3": "SSLv3", "TLSv1": "TLSv1.0", "TLSv1.0": "TLSv1.0", "TLSv1.1": "TLSv1.1", "TLSv1.2": "TLSv1.2"}
_NAMES |= {"TLSv1.3": "TLSv1.3", "None": ""}
_SHORT = "EECDH+AESGCM:AES256+EECDH:CHACHA20:!SHA1:!SHA256:!SHA384"
_APPENDED = b":!aNULL:!eNULL:!EXP"
"""What the module puts behind every list of ciphers, where it holds these bytes."""
_ON = ("enable", "1", "true")


class Socket(msgspec.Struct, frozen=True, kw_only=True):
    """One listening socket: its address, where it stands, and the last setting of each key that holds there."""

    place: str
    path: str
    line: int
    settings: Mapping[str, Setting]

    def text(self, key: str, default: str = "") -> str:
        """A setting that is a text."""
        found = self.settings.get(key)
        return found.value if found is not None and isinstance(found.value, str) else default

    def is_on(self, key: str, *, default: bool = False) -> bool:
        """A switch."""
        word = self.text(key)
        return word in _ON if word else default

    def commands(self) -> dict[str, str]:
        """``ssl.openssl.ssl-conf-cmd``."""
        found = self.settings.get("ssl.openssl.ssl-conf-cmd")
        rows = found.value if found is not None and isinstance(found.value, list) else []
        return {key: value for key, value in rows if isinstance(value, str)}


def read(tree: Tree, service: Service) -> Iterator[Configured]:
    """An endpoint for each socket with TLS, and its certificates. Raises Unreadable."""
    statements, path = said(tree, service)
    version = packaged(tree, "lighttpd") or in_program(tree, service.program, rb"lighttpd/(1\.\d+\.\d+)")
    modules = {word for s in statements if isinstance(s, Setting) and s.key == "server.modules" for word in _words(s)}
    is_other = bool(modules & set(_OTHERS))
    library = Library() if is_other else library_of(tree, *_MODULES, service.program)
    for socket in sockets(statements, path):
        host, port = ("", int(socket.place)) if socket.place.isdecimal() else split_place(socket.place)
        if not socket.is_on("ssl.engine") or not port or not faces_network(host):
            continue
        named = list(_certificates(socket, statements))
        setup = _setup(tree, socket, named, version, library, is_other=is_other)
        where = f"tcp/{port}"
        yield Configured(fact=endpoint_of(setup, library), path=socket.path, line=socket.line, service=where)
        yield from certificates.chains(tree, named, where)


def said(tree: Tree, service: Service) -> tuple[list[Setting | Opened], str]:
    """What its main file and those it includes say, and the main file. Raises Unreadable."""
    words = service.arguments
    given = [words[n + 1] for n, word in enumerate(words[:-1]) if word == "-f"]
    path = next((p for p in (given[:1] or _FILES) if tree.find(p) is not None), "")
    if not path:
        raise NotThere("lighttpd is started, and its configuration is not in the image")
    return list(Parser(Reading(tree)).statements(path)), path


def _words(setting: Setting) -> Iterator[str]:
    values: Value = setting.value
    return (value for _, value in values if isinstance(value, str)) if isinstance(values, list) else iter(())


def sockets(statements: list[Setting | Opened], path: str) -> Iterator[Socket]:
    """The server's own socket and every other that it opens."""
    common = {s.key: s for s in statements if isinstance(s, Setting) and not s.within}
    port, address = common.get("server.port"), common.get("server.bind")
    number = port.value if port is not None and isinstance(port.value, str) else "80"
    host = address.value if address is not None and isinstance(address.value, str) else ""
    engine = common.get("ssl.engine") or port
    if not host.startswith("/"):
        place = f"[{host}]:{number}" if ":" in host and not host.startswith("[") else f"{host}:{number}"
        here = (engine.path, engine.line) if engine is not None else (path, 0)
        yield Socket(place=place.lstrip(":"), path=here[0], line=here[1], settings=common)
    for opened in statements:
        if isinstance(opened, Opened) and opened.condition[:2] == ("SERVER socket", "==") and not opened.within:
            own = {s.key: s for s in statements if isinstance(s, Setting) and s.within == (opened.condition,)}
            outer = {key: s for key, s in common.items() if key != "ssl.engine"}
            yield Socket(
                place=opened.condition[2].lstrip(":"), path=opened.path, line=opened.line, settings={**outer, **own}
            )


def _certificates(socket: Socket, statements: list[Setting | Opened]) -> Iterator[certificates.Named]:
    """``ssl.pemfile`` of the socket, and those of names within it."""
    own = socket.settings.get("ssl.pemfile")
    more = socket.text("ssl.ca-file")
    nested = [
        s
        for s in statements
        if isinstance(s, Setting) and s.key == "ssl.pemfile" and any(c[0] == "HTTP host" for c in s.within)
    ]
    for setting in ([own] if own is not None else []) + nested:
        if isinstance(setting.value, str):
            above = (more,) if setting is own and more else ()
            yield certificates.Named(file=setting.value, path=setting.path, line=setting.line, more=above)


def _setup(
    tree: Tree,
    socket: Socket,
    named: list[certificates.Named],
    version: Version,
    library: Library,
    *,
    is_other: bool,
) -> Setup:
    commands = socket.commands()
    options = {word.strip() for word in commands.get("Options", "").split(",")}
    prime = commands.get("DHParameters", "") or socket.text("ssl.dh-file")
    bits = prime_bits(tree, prime) if prime else 0
    ciphers = commands.get("CipherString") or socket.text("ssl.cipher-list") or _default_list(version)
    if ciphers and any(_APPENDED in program_bytes(tree, program) for program in (*_MODULES, "/usr/sbin/lighttpd")):
        ciphers += _APPENDED.decode("ascii")
    # Followed in 1.4.69; what older ones do where nothing is said is not known here.
    kept = None if version < (1, 4, 68) else False
    if "ssl.honor-cipher-order" in socket.settings:
        kept = socket.is_on("ssl.honor-cipher-order")
    # With OpenSSL 3 it leaves the prime to the library, which takes one as strong as the certificate's key.
    has_prime = True if bits or library.version >= (3,) else None
    return Setup(
        versions=_versions(socket, commands, version),
        ciphers=None if is_other else ciphers,
        ciphers_13=commands.get("Ciphersuites", ""),
        keys=certificates.key_types(tree, named[:1]),
        has_prime=has_prime,
        prime_bits=bits,
        curves=commands.get("Curves", "") or commands.get("Groups", "") or socket.text("ssl.ec-curve"),
        server_order=_is_kept(options, "ServerPreference", default=kept),
        tickets=_is_kept(options, "SessionTicket", default=True),
        client_certificate=socket.is_on("ssl.verifyclient.activate"),
        stapling=bool(socket.text("ssl.stapling-file")),
    )


def _is_kept(options: set[str], name: str, *, default: bool | None) -> bool | None:
    if f"-{name}" in options:
        return False
    return True if name in options else default


def _versions(socket: Socket, commands: Mapping[str, str], version: Version) -> dict[str, bool | None]:
    if "Protocol" in commands:
        return {"SSLv2": False, **_listed(commands["Protocol"])}
    if "MinProtocol" in commands or "MaxProtocol" in commands or version >= (1, 4, 56):
        least = _NAMES.get(commands.get("MinProtocol", "TLSv1.2" if version >= (1, 4, 56) else "TLSv1"), "")
        return dict(tls.between(least, _NAMES.get(commands.get("MaxProtocol", ""), "")))
    if not version:
        return {"SSLv2": False, "TLSv1.2": True}
    taken: dict[str, bool | None] = dict(tls.between("TLSv1.0", ""))
    taken["SSLv3"] = socket.is_on("ssl.use-sslv3")
    taken["SSLv2"] = socket.is_on("ssl.use-sslv2")
    return taken


def _listed(text: str) -> dict[str, bool | None]:
    """``-ALL, TLSv1.2, +TLSv1.3`` of SSL_CONF_cmd(3): what is not named stays as it was, on."""
    taken: dict[str, bool | None] = dict(tls.between("TLSv1.0", ""))
    for word in text.replace(",", " ").split():
        is_on, name = not word.startswith("-"), word.lstrip("+-")
        for key in taken if name.upper() == "ALL" else (_NAMES.get(name, ""),):
            if key:
                taken[key] = is_on
    return taken


def _default_list(version: Version) -> str | None:
    if version >= (1, 4, 68):
        return _SHORT
    return "HIGH" if version >= (1, 4, 54) else "DEFAULT" if version else None


CONFIGURATION = Configuration(
    name="lighttpd",
    version=1,
    programs=("lighttpd", "lighttpd-angel"),
    gives=(TlsEndpoint, CertificateChain),
    read=read,
)
