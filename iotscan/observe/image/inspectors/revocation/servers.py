"""Web servers, proxies and brokers: of whom they verify certificates, and whether by a CRL or OCSP.

Sources: ngx_http_ssl_module and ngx_http_proxy_module (``ssl_crl``, ``ssl_ocsp``, ``proxy_ssl_crl``), Apache mod_ssl
(``SSLCARevocationCheck``, ``SSLOCSPEnable``), haproxy configuration manual (``crl-file``), lighttpd mod_openssl
(``ssl.verifyclient.ca-crl-file``), mosquitto.conf(5) (``crlfile``,
``bridge_require_ocsp``), stunnel(8) (``CRLfile``, ``CRLpath``, ``OCSP``).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from iotscan.model.facts import PeerCheck
from iotscan.model.facts.revocation_checking import Asks, Peers
from iotscan.model.text import safe_text
from iotscan.observe.image.configuration import apache, haproxy, lighttpd, mosquitto, nginx, stunnel
from iotscan.observe.image.configuration.configured import Configuration
from iotscan.observe.image.configuration.nginx_syntax import Directive
from iotscan.observe.image.startup.reading import startup_of
from iotscan.observe.image.startup.service import Service
from iotscan.observe.image.tree import Tree

_TOWARDS = re.compile(r"(proxy|grpc|uwsgi)_ssl_verify")
_VERIFIES = ("on", "optional")
"""``optional_no_ca`` takes any certificate."""


def _nginx(tree: Tree, service: Service) -> Iterator[PeerCheck]:
    directives, _ = nginx.said(tree, service)
    for kind in (d for d in directives if d.name in ("http", "stream", "mail")):
        yield from _nginx_block(tree, kind, {})


def _nginx_block(tree: Tree, block: Directive, outer: dict[str, Directive]) -> Iterator[PeerCheck]:
    """What a block and those in it verify; a setting holds within until it is given there again."""
    own = {d.name: d for d in block.block or () if d.block is None}
    holds = {**outer, **own}
    if block.name == "server":
        found = holds.get("ssl_verify_client")
        if found is not None and found.words[:1] and found.words[0] in _VERIFIES:
            by = _said(holds, "ssl_crl") or _said(holds, "ssl_ocsp", off="off")
            staples = _said(holds, "ssl_stapling", off="off")
            asks: Asks = "always" if by else "staples" if staples else "never"
            yield _check(tree, "nginx", "clients", asks, by or staples or "no ssl_crl, no ssl_ocsp", found)
    for name, found in own.items():
        towards = _TOWARDS.fullmatch(name)
        if towards is not None and found.words[:1] == ("on",):
            setting = f"{towards[1]}_ssl_crl"
            by = _said(holds, setting)
            yield _check(tree, "nginx", "servers", "always" if by else "never", by or f"no {setting}", found)
    for inner in (d for d in block.block or () if d.block is not None):
        yield from _nginx_block(tree, inner, holds)


def _said(holds: dict[str, Directive], name: str, off: str = "") -> str:
    found = holds.get(name)
    return f"{name} {found.words[0]}" if found is not None and found.words and found.words[0] != off else ""


def _apache(tree: Tree, service: Service) -> Iterator[PeerCheck]:
    directives, _ = apache.said(tree, service)
    for host in apache.hosts(directives):
        if host.word("sslengine", "off").lower() in ("on", "optional"):
            for peers, verify, prefix in (
                ("clients", "sslverifyclient", "ssl"),
                ("servers", "sslproxyverify", "sslproxy"),
            ):
                found = host.find(verify)
                if found is not None and host.word(verify).lower() in ("require", "optional"):
                    by = _apache_way(host, prefix)
                    asks: Asks = "always" if by else "never"
                    setting = by or f"{_APACHE[prefix]} is none"
                    yield _check(tree, "apache", peers, asks, setting, found)  # type: ignore[arg-type]  # of two words


_APACHE = {"ssl": "SSLCARevocationCheck", "sslproxy": "SSLProxyCARevocationCheck"}


def _apache_way(host: apache.Host, prefix: str) -> str:
    """What it looks up; lists alone say nothing since 2.3.15, which wants to be told to look."""
    mode = host.word(f"{prefix}carevocationcheck", "none").lower()
    lists = host.word(f"{prefix}carevocationfile") or host.word(f"{prefix}carevocationpath")
    if mode != "none" and lists:
        return f"{_APACHE[prefix]} {mode}"
    ocsp = host.word("sslocspenable", "off").lower()
    return f"SSLOCSPEnable {ocsp}" if prefix == "ssl" and ocsp != "off" else ""


def _haproxy(tree: Tree, service: Service) -> Iterator[PeerCheck]:
    usual: dict[str, tuple[str, ...]] = {}
    is_lax = False
    for line in haproxy.said(tree, service):
        words = line.words
        if line.section == "global" and words[:2] == ("ssl-server-verify", "none"):
            is_lax = True
        elif words[0] == "default-server":
            usual[line.section] = words[1:]
        elif words[0] == "bind" and "ssl" in words and _after(words, "verify") in ("required", "optional"):
            yield _haproxy_line(tree, "clients", words, line)
        elif words[0] == "server" and "ssl" in (both := (*usual.get(line.section, ()), *words[1:])):
            verify = _after(both, "verify") or ("none" if is_lax else "required")
            if verify != "none":
                yield _haproxy_line(tree, "servers", both, line)


def _haproxy_line(tree: Tree, peers: Peers, words: tuple[str, ...], line: haproxy.Line) -> PeerCheck:
    file = _after(words, "crl-file")
    return _check(
        tree, "haproxy", peers, "always" if file else "never", f"crl-file {file}" if file else "no crl-file", line
    )


def _after(words: tuple[str, ...], name: str) -> str:
    """The word behind the last ``name``."""
    return next((words[n + 1] for n in range(len(words) - 2, -1, -1) if words[n] == name), "")


def _lighttpd(tree: Tree, service: Service) -> Iterator[PeerCheck]:
    for socket in lighttpd.sockets(*lighttpd.said(tree, service)):
        if socket.is_on("ssl.engine") and socket.is_on("ssl.verifyclient.activate"):
            names = ("ssl.verifyclient.ca-crl-file", "ssl.ca-crl-file")
            by = next((f"{name} {socket.text(name)}" for name in names if socket.text(name)), "")
            yield _check(tree, "lighttpd", "clients", "always" if by else "never", by or f"no {names[0]}", socket)


def _mosquitto(tree: Tree, service: Service) -> Iterator[PeerCheck]:
    lines = mosquitto.said(tree, service)
    starts = [n for n, line in enumerate(lines) if line.key in ("listener", "connection")]
    pieces = [lines[a:b] for a, b in zip([0, *starts], [*starts, len(lines)], strict=True)]
    for piece in pieces:
        last = {line.key: line for line in piece}
        wanted, file = last.get("require_certificate"), last.get("crlfile")
        if "connection" not in last and wanted is not None and wanted.value in ("true", "1"):
            setting = f"crlfile {file.value}" if file else "no crlfile"
            yield _check(tree, "mosquitto", "clients", "always" if file else "never", setting, wanted)
        for key in ("bridge_cafile", "bridge_capath"):
            if "connection" in last and key in last:
                wanted = last.get("bridge_require_ocsp")
                is_on = wanted is not None and wanted.value in ("true", "1")
                setting = f"bridge_require_ocsp {wanted.value}" if wanted else "no bridge_require_ocsp"
                yield _check(tree, "mosquitto", "servers", "always" if is_on else "never", setting, last[key])


def _stunnel(tree: Tree, service: Service) -> Iterator[PeerCheck]:
    for section in stunnel.said(tree, service):
        verify = section.find("verifychain") or section.find("verify")
        is_on = section.says("verifychain") or section.value("verify") in ("1", "2")
        if verify is not None and is_on:
            names = ("crlfile", "crlpath", "ocsp")
            by = next((f"{name} {section.value(name)}" for name in names if section.value(name)), "")
            by = by or ("OCSPaia yes" if section.says("ocspaia") else "")
            peers: Peers = "servers" if section.says("client") else "clients"
            yield _check(
                tree, "stunnel", peers, "always" if by else "never", by or "no CRLfile, CRLpath or OCSP", verify
            )


_Place = Directive | haproxy.Line | lighttpd.Socket | mosquitto.Line | stunnel.Line


def _check(tree: Tree, program: str, peers: Peers, asks: Asks, setting: str, at: _Place) -> PeerCheck:
    return PeerCheck(
        path=tree.show(at.path),
        line=at.line,
        program=program,
        peers=peers,
        asks=asks,
        setting=safe_text(setting, 160),
    )


def _reader(
    configuration: Configuration, read: Callable[[Tree, Service], Iterator[PeerCheck]]
) -> Callable[[Tree], Iterable[PeerCheck]]:
    """Asks about each started service that runs the program."""

    def of_tree(tree: Tree) -> Iterable[PeerCheck]:
        return chain.from_iterable(read(tree, s) for s in startup_of(tree).running(*configuration.programs))

    return of_tree


READERS = (
    ("nginx", _reader(nginx.CONFIGURATION, _nginx)),
    ("apache", _reader(apache.CONFIGURATION, _apache)),
    ("haproxy", _reader(haproxy.CONFIGURATION, _haproxy)),
    ("lighttpd", _reader(lighttpd.CONFIGURATION, _lighttpd)),
    ("mosquitto", _reader(mosquitto.CONFIGURATION, _mosquitto)),
    ("stunnel", _reader(stunnel.CONFIGURATION, _stunnel)),
)
