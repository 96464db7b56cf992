"""OpenVPN's tunnels (openvpn(8)), of started services and of /etc/openvpn, whose files are all started at boot."""

import posixpath
from collections.abc import Iterator
from typing import Literal

from iotscan.model.answer import Answer
from iotscan.model.facts import VpnTunnel, WeakProposal
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.observe.image.configuration.configured import installed
from iotscan.observe.image.globbing import globbed
from iotscan.observe.image.startup.command import split
from iotscan.observe.image.startup.reading import startup_of
from iotscan.observe.image.texts import lines_of
from iotscan.observe.image.tree import Tree
from iotscan.wire.tls.openssl_names import openssl_suites
from iotscan.wire.tls.suites import SUITES, CipherSuite

_CHECKS_SERVER = (
    *("remote-cert-tls", "remote-cert-eku", "remote-cert-ku", "verify-x509-name", "ns-cert-type"),
    *("tls-remote", "peer-fingerprint"),
)
_BROKEN = ("none", "des-", "rc2-", "rc4")
_WEAK = ("bf-", "cast5-", "des-ede", "idea-")
_OLD_TLS = ("1.0", "1.1")

Told = dict[str, tuple[tuple[str, ...], int]]


def tunnels(tree: Tree) -> Iterator[VpnTunnel]:
    """A tunnel for each file that is started. Raises Unreadable."""
    for path, told in started(tree):
        yield _tunnel(tree.show(path), posixpath.basename(path), told)


def started(tree: Tree) -> Iterator[tuple[str, Told]]:
    """Each file that is started, with its options. Raises Unreadable."""
    if not installed(tree, "openvpn"):
        return
    startup = startup_of(tree)
    named = [path for service in startup.running("openvpn") for path in _files(tree, service.arguments)]
    # The init script, and systemd's generator behind openvpn.service, start every file of this folder.
    starts_all = any("openvpn" in s.name and "@" not in s.name for s in startup.services)
    found = [*named, *(globbed(tree, "/etc/openvpn/*.conf") if starts_all else ())]
    for path in dict.fromkeys(found):
        lines = lines_of(tree, path)
        if lines is not None:
            yield path, _told(lines)


def _files(tree: Tree, words: tuple[str, ...]) -> Iterator[str]:
    folder = next((words[n + 1] for n, word in enumerate(words[:-1]) if word == "--cd"), "/etc/openvpn")
    given = [words[n + 1] for n, word in enumerate(words[:-1]) if word == "--config"]
    for name in given or words[:1]:
        for place in (folder, "/etc/openvpn/client", "/etc/openvpn/server"):
            path = posixpath.join(place, name)
            if name.endswith((".conf", ".ovpn")) and tree.find(path) is not None:
                yield path
                break


def _told(lines: list[str]) -> Told:
    told: Told = {}
    inline = ""
    for number, raw in enumerate(lines, start=1):
        text = raw.strip()
        if inline:
            inline = "" if text == f"</{inline}>" else inline
        elif text.startswith("<") and text.endswith(">") and "/" not in text:
            inline = text[1:-1]
            told[inline] = (("[inline]",), number)
        elif text and text[0] not in "#;":
            words = split(text.partition(" #")[0])
            if words:
                told[words[0].lstrip("-")] = (tuple(words[1:]), number)
    return told


def _tunnel(path: str, name: str, told: Told) -> VpnTunnel:
    is_client = "client" in told or "tls-client" in told
    is_server = "server" in told or "tls-server" in told or "server-bridge" in told
    has_key = "secret" in told
    line = next((told[key][1] for key in ("secret", "client", "tls-client", "server", "tls-server") if key in told), 1)
    return VpnTunnel(
        path=path,
        line=line,
        system="openvpn",
        name=safe_text(name.rpartition(".")[0], 64),
        role="client" if is_client else "server" if is_server else "peer",
        authentication="static-key" if has_key else _authentication(told),
        checks_peer=_checks(told, is_client=is_client, has_key=has_key),
        weak=tuple(_weak(told)),
    )


def _authentication(told: Told) -> Literal["certificate", "password", "none", "unsaid"]:
    wanted = told.get("verify-client-cert", (("require",), 0))[0][:1]
    takes_none = wanted == ("none",) or "client-cert-not-required" in told
    asks_password = any(key in told for key in ("auth-user-pass-verify", "plugin", "management-client-auth"))
    if takes_none:
        return "password" if asks_password else "none"
    if "cert" in told or "pkcs12" in told:
        return "certificate"
    return "password" if "auth-user-pass" in told else "unsaid"


def _checks(told: Told, *, is_client: bool, has_key: bool) -> Answer[bool]:
    if has_key or not is_client:
        return Answer.of(True)
    if any(key in told for key in _CHECKS_SERVER):
        return Answer.of(True)
    if "config" in told or "tls-verify" in told:
        return Answer.missing(Reason.NOT_OBSERVABLE, "another file or a program decides whom it takes for the server")
    return Answer.of(False)


def _weak(told: Told) -> Iterator[WeakProposal]:
    for key in ("cipher", "data-ciphers", "ncp-ciphers", "data-ciphers-fallback"):
        words, line = told.get(key, ((), 0))
        for name in (name.lstrip("?") for word in words[:1] for name in word.split(":")):
            low = name.lower()
            is_weak = low.startswith(_WEAK)
            if is_weak or low.startswith(_BROKEN):
                yield WeakProposal(name=safe_text(name, 40), line=line, is_broken=not is_weak)
    words, line = told.get("auth", ((), 0))
    if words and words[0].lower() in ("md5", "none") and "GCM" not in str(told.get("cipher")).upper():
        yield WeakProposal(name=f"auth {words[0].lower()}", line=line)
    words, line = told.get("tls-version-min", ((), 0))
    if words and words[0] in _OLD_TLS:
        yield WeakProposal(name=f"TLS {words[0]}", line=line)
    words, line = told.get("tls-cipher", ((), 0))
    for name in (name for word in words[:1] for name in word.split(":")):
        suite = _suite(name)
        if suite is not None and (suite.is_broken or suite.is_weak):
            yield WeakProposal(name=safe_text(name, 60), line=line, is_broken=suite.is_broken)
    for key in ("comp-lzo", "compress"):
        words, line = told.get(key, ((), 0))
        if line and words[:1] not in (("no",), ("stub",), ("stub-v2",), ("migrate",)) and (words or key == "comp-lzo"):
            yield WeakProposal(name="compression", line=line)


def _suite(name: str) -> CipherSuite | None:
    wanted = name.replace("-", "_")
    known = next((s for s in SUITES.values() if s.name == wanted), None)
    return known or (openssl_suites()[name].suite if name in openssl_suites() else None)
