"""Apache's hosts with TLS (mod_ssl): what a ``VirtualHost`` does not set, the server itself does.

mod_ssl takes NULL, anonymous and export suites out of every list. Compared with the running program.
"""

import posixpath
from collections.abc import Iterator

import msgspec

from iotscan.model.facts import CertificateChain, TlsEndpoint
from iotscan.observe.heard import Configured
from iotscan.observe.image.configuration import certificates, tls
from iotscan.observe.image.configuration.apache_syntax import Directive, Parser
from iotscan.observe.image.configuration.configured import Configuration, NotThere
from iotscan.observe.image.configuration.offer import Setup, endpoint_of
from iotscan.observe.image.configuration.openssl import Library, library_of
from iotscan.observe.image.configuration.places import faces_network, split_place
from iotscan.observe.image.configuration.primes import prime_bits
from iotscan.observe.image.startup.service import Service
from iotscan.observe.image.tree import Tree

_FILES = ("/etc/apache2/apache2.conf", "/etc/apache2/httpd.conf", "/etc/httpd/conf/httpd.conf")
_MODULES = tuple(
    f"{folder}/mod_ssl.so" for folder in ("/usr/lib/apache2/modules", "/usr/lib/apache2", "/usr/lib64/httpd/modules")
)
_NAMES = {"sslv2": "SSLv2", "sslv3": "SSLv3", "tlsv1": "TLSv1.0", "tlsv1.1": "TLSv1.1", "tlsv1.2": "TLSv1.2"}
_NAMES |= {"tlsv1.3": "TLSv1.3"}
_DEFAULT = ("all", "-SSLv3")
_APPENDED = ":!aNULL:!eNULL:!EXP"


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """One virtual host, or the server itself: its addresses and what holds for it, the host's own last."""

    places: tuple[str, ...]
    line: Directive
    directives: tuple[Directive, ...]

    def find(self, name: str) -> Directive | None:
        """The directive that counts."""
        return next((d for d in reversed(self.directives) if d.name == name), None)

    def word(self, name: str, default: str = "") -> str:
        """Its first word."""
        found = self.find(name)
        return found.words[0] if found is not None and found.words else default

    def command(self, name: str) -> str:
        """``SSLOpenSSLConfCmd NAME VALUE``."""
        said = [
            d.words[1]
            for d in self.directives
            if d.name == "sslopensslconfcmd" and len(d.words) > 1
            if d.words[0].lower() == name.lower()
        ]
        return said[-1] if said else ""


def read(tree: Tree, service: Service) -> Iterator[Configured]:
    """An endpoint for each address of a host with TLS, and its certificates. Raises Unreadable."""
    directives, root = said(tree, service)
    listening = {_place(d.words[0])[1]: _place(d.words[0])[0] for d in directives if d.name == "listen" and d.words}
    library = library_of(tree, *_modules(directives, root), *_MODULES, service.program)
    for host in hosts(directives):
        if host.word("sslengine", "off").lower() not in ("on", "optional"):
            continue
        named = list(_certificates(host, root))
        setup = _setup(tree, host, named, library)
        for name, port in map(_place, host.places):
            # A host for a port that nobody listens on serves nothing.
            if port in listening and faces_network(listening[port]) and faces_network(name):
                where = f"tcp/{port}"
                place = host.line
                yield Configured(fact=endpoint_of(setup, library), path=place.path, line=place.line, service=where)
                yield from certificates.chains(tree, named, where)


def said(tree: Tree, service: Service) -> tuple[list[Directive], str]:
    """What its main file and those it includes say, and the server's root. Raises Unreadable."""
    words = service.arguments
    given = [words[n + 1] for n, word in enumerate(words[:-1]) if word == "-f"]
    path = next((p for p in (*given, *_FILES) if tree.find(p) is not None), "")
    if not path:
        raise NotThere("Apache is started, and its configuration is not in the image")
    root = posixpath.dirname(path.replace("/conf/httpd.conf", "/httpd.conf"))
    return list(Parser(tree, root).directives(path)), root


def _place(text: str) -> tuple[str, int]:
    return ("", int(text)) if text.isdecimal() and int(text) < 65536 else split_place(text)


def _modules(directives: list[Directive], root: str) -> Iterator[str]:
    for directive in directives:
        if directive.name == "loadmodule" and directive.words[:1] == ("ssl_module",) and len(directive.words) > 1:
            yield posixpath.join(root, directive.words[1])


def hosts(directives: list[Directive]) -> Iterator[Host]:
    """Every virtual host, and the server itself where it has TLS outside of one."""
    common = tuple(d for d in directives if not d.host and not d.is_nested)
    hosts: dict[int, list[Directive]] = {}
    for directive in directives:
        if directive.host and not directive.is_nested:
            hosts.setdefault(directive.host, []).append(directive)
    for own in hosts.values():
        opened = next((d for d in own if d.name == "virtualhost"), None)
        if opened is not None:
            yield Host(places=opened.words, line=opened, directives=(*common, *own))
    engine = next((d for d in common if d.name == "sslengine"), None)
    if engine is not None:
        taken = {_place(word)[1] for d in directives if d.name == "virtualhost" for word in d.words}
        listened = [d.words[0] for d in common if d.name == "listen" and d.words]
        places = tuple(word for word in listened if _place(word)[1] not in taken)
        yield Host(places=places, line=engine, directives=common)


def _certificates(host: Host, root: str) -> Iterator[certificates.Named]:
    own = [d for d in host.directives if d.name == "sslcertificatefile" and d.words]
    inner = [d for d in own if d.host] or own
    chain = host.word("sslcertificatechainfile")
    for directive in inner:
        yield certificates.Named(
            file=posixpath.join(root, directive.words[0]),
            path=directive.path,
            line=directive.line,
            more=(posixpath.join(root, chain),) if chain else (),
        )


def _setup(tree: Tree, host: Host, named: list[certificates.Named], library: Library) -> Setup:
    bits = max((prime_bits(tree, one.file) for one in named), default=0)
    ciphers, newer = "DEFAULT", ""
    for directive in (d for d in host.directives if d.name == "sslciphersuite" and d.words):
        if len(directive.words) > 1 and directive.words[0].upper() == "TLSV1.3":
            newer = directive.words[1]
        else:
            ciphers = directive.words[-1]
    return Setup(
        versions=_versions(host),
        ciphers=(host.command("CipherString") or ciphers) + _APPENDED,
        ciphers_13=newer or host.command("Ciphersuites"),
        keys=certificates.key_types(tree, named),
        # It has primes for every size of key since 2.4.7, and leaves them to OpenSSL 3.
        has_prime=True if bits or library.version >= (3,) else None,
        prime_bits=bits,
        curves=host.command("Curves") or host.command("Groups") or host.command("ECDHParameters"),
        server_order=host.word("sslhonorcipherorder", "off").lower() == "on",
        tickets=host.word("sslsessiontickets", "on").lower() == "on",
        compression=host.word("sslcompression", "off").lower() == "on",
        client_certificate=host.word("sslverifyclient", "none").lower() != "none",
        stapling=host.word("sslusestapling", "off").lower() == "on",
    )


def _versions(host: Host) -> dict[str, bool | None]:
    """``SSLProtocol all -SSLv3``: a word without sign alone names what is taken, with sign it adds or takes out."""
    least = _NAMES.get(host.command("MinProtocol").lower(), "")
    if least:
        return dict(tls.between(least, _NAMES.get(host.command("MaxProtocol").lower(), "")))
    found = host.find("sslprotocol")
    taken: dict[str, bool | None] = dict.fromkeys(_NAMES.values(), False)
    for word in found.words if found is not None else _DEFAULT:
        name = word.lstrip("+-").lower()
        names = [n for known, n in _NAMES.items() if (n != "SSLv2" if name == "all" else known == name)]
        if not word.startswith(("+", "-")) and name != "all":
            taken = dict.fromkeys(_NAMES.values(), False)
        taken |= dict.fromkeys(names, not word.startswith("-"))
    return taken


CONFIGURATION = Configuration(
    name="apache",
    version=1,
    programs=("apache2", "apachectl", "apache2ctl"),
    gives=(TlsEndpoint, CertificateChain),
    read=read,
)
