"""Tunnels, wireless networks, updaters and commands of the start: whether they ask for the revocation of certificates.

Sources: openvpn(8) (``crl-verify``), swanctl.conf(5) and ipsec.conf(5), wpa_supplicant.conf(5) (``ocsp``), hostapd.conf
(``check_crl``), RAUC reference (``check-crl``), curl(1) (``--crlfile``, ``--cert-status``), wget(1) (``--crl-file``).
"""

import re
from collections.abc import Iterator

from iotscan.model.facts import PeerCheck
from iotscan.model.facts.revocation_checking import Asks, Peers
from iotscan.model.text import safe_text
from iotscan.observe.image.inspectors.tunnels import openvpn, strongswan
from iotscan.observe.image.inspectors.updates.systems import rauc
from iotscan.observe.image.inspectors.wireless import access_point, client
from iotscan.observe.image.startup.boot_commands import boot_commands
from iotscan.observe.image.tree import Tree

_STRICT = ("strict", "yes")
_OCSP: dict[str, Asks] = {"1": "where it can", "2": "always", "3": "always"}
_COMMANDS = {"curl": ("--crlfile", "--cert-status"), "wget": ("--crl-file",)}
_UNCHECKED = re.compile(r"-[a-zA-Z]*k[a-zA-Z]*|--insecure|--no-check-certificate")


def _openvpn(tree: Tree) -> Iterator[PeerCheck]:
    for path, told in openvpn.started(tree):
        is_server = any(key in told for key in ("server", "tls-server", "server-bridge"))
        takes_none = told.get("verify-client-cert", ((), 0))[0][:1] == ("none",) or "client-cert-not-required" in told
        if "secret" in told or "peer-fingerprint" in told or not ("ca" in told or "capath" in told or "pkcs12" in told):
            continue
        if is_server and takes_none:
            continue
        peers: Peers = "clients" if is_server else "servers"
        line = next((told[key][1] for key in ("crl-verify", "tls-verify", "ca", "capath", "pkcs12") if key in told), 1)
        asks: Asks = "always" if "crl-verify" in told else "unsaid" if "tls-verify" in told else "never"
        setting = next((key for key in ("crl-verify", "tls-verify") if key in told), "no crl-verify")
        yield _check(tree, path, line, "openvpn", peers, asks, setting)


def _strongswan(tree: Tree) -> Iterator[PeerCheck]:
    for path, line, setting in strongswan.revocation(tree):
        word = setting.partition("=")[2].strip()
        asks: Asks = "always" if word in _STRICT else "where it can"
        yield _check(tree, path, line, "strongswan", "peers", asks, setting)


def _supplicant(tree: Tree) -> Iterator[PeerCheck]:
    for path, line, settings in client.enterprise(tree):
        value, where = settings.get("ocsp", ("", line))
        setting = f"ocsp={value}" if value else "no ocsp"
        yield _check(tree, path, where, "wpa_supplicant", "servers", _OCSP.get(value, "never"), setting)


def _hostapd(tree: Tree) -> Iterator[PeerCheck]:
    for path, told in access_point.authenticators(tree):
        value, line = told.get("check_crl", ("0", told["ca_cert"][1]))
        setting = f"check_crl={value}" if "check_crl" in told else "no check_crl"
        yield _check(tree, path, line, "hostapd", "clients", "always" if value in ("1", "2") else "never", setting)


def _rauc(tree: Tree) -> Iterator[PeerCheck]:
    found = rauc.keyring(tree)
    if found is None or not found[1].value("keyring", "path") + found[1].value("keyring", "directory"):
        return
    path, conf = found
    is_on = conf.says("keyring", "check-crl", default=False)
    line = conf.line("keyring", "check-crl") or conf.line("keyring")
    yield _check(tree, path, line, "rauc", "signers", "always" if is_on else "never", f"check-crl={str(is_on).lower()}")


def _commands(tree: Tree) -> Iterator[PeerCheck]:
    for command in boot_commands(tree):
        options = _COMMANDS.get(command.name)
        words = command.argv
        # Who takes any certificate asks nothing of one: that is another finding.
        if options is None or not any("https://" in w for w in words) or any(map(_UNCHECKED.fullmatch, words)):
            continue
        by = next((w for w in words if w.partition("=")[0] in options), "")
        setting = by.partition("=")[0] or f"no {options[0]}"
        yield _check(tree, command.path, command.line, command.name, "servers", "always" if by else "never", setting)


def _check(tree: Tree, path: str, line: int, program: str, peers: Peers, asks: Asks, setting: str) -> PeerCheck:
    return PeerCheck(
        path=tree.show(path), line=line, program=program, peers=peers, asks=asks, setting=safe_text(setting, 160)
    )


READERS = (
    ("openvpn", _openvpn),
    ("strongswan", _strongswan),
    ("wpa_supplicant", _supplicant),
    ("hostapd", _hostapd),
    ("rauc", _rauc),
    ("commands of the start", _commands),
)
