"""Tunnels of gateways: OpenVPN, strongSwan, WireGuard."""

from pathlib import Path

import pytest

from iotscan.model.facts import VpnTunnel, VpnTunnels
from iotscan.observe.image.inspectors import tunnels
from iotscan.observe.image.readers.folder import FolderTree
from tests.observe.image.gateways import PROGRAMS, a_gateway
from tests.observe.image.looking import heard_of
from tests.observe.image.started_roots import debian
from tests.observe.image.test_startup import add_links


def the_tunnels(tree: FolderTree) -> tuple[VpnTunnel, ...]:
    heard = heard_of(tunnels.INSPECTOR, tree)
    assert not heard.missed
    return tuple(t for fact in heard.facts if isinstance(fact, VpnTunnels) for t in fact.tunnels)


OPENVPNS = {
    "client\nremote x\nca ca\ncert c\nkey k\nremote-cert-tls server\n": ("client", "certificate", True, []),
    "client\nca ca\ncert c\n": ("client", "certificate", False, []),
    "client\nca ca\nauth-user-pass\nverify-x509-name vpn name\n": ("client", "password", True, []),
    "dev tun\nsecret static.key\ncipher BF-CBC\n": ("peer", "static-key", True, [("BF-CBC", 3, False)]),
    "server 10.8.0.0 255.255.255.0\ncert c\nverify-client-cert none\n": ("server", "none", True, []),
    "server 10.8.0.0 255.255.255.0\ncert c\nverify-client-cert none\nplugin x\n": ("server", "password", True, []),
    "server 10.8.0.0 255.255.255.0\ncert c\ncipher none\nauth none\ncomp-lzo\ntls-version-min 1.0\n": (
        *("server", "certificate", True),
        [("none", 3, True), ("auth none", 4, False), ("TLS 1.0", 6, False), ("compression", 5, False)],
    ),
    "client\ncert c\nns-cert-type server\ntls-cipher TLS-RSA-WITH-RC4-128-SHA:TLS-DHE-RSA-WITH-AES-128-GCM-SHA256\n": (
        *("client", "certificate", True),
        [("TLS-RSA-WITH-RC4-128-SHA", 4, True)],
    ),
    "client\ncert c\nremote-cert-tls server\ndata-ciphers AES-256-GCM:?DES-EDE3-CBC\ncompress migrate\n": (
        *("client", "certificate", True),
        [("DES-EDE3-CBC", 4, False)],
    ),
    "client\n<cert>\nsecret x\n</cert>\nremote-cert-tls server\n#secret y\n": ("client", "certificate", True, []),
}


@pytest.mark.parametrize("config", OPENVPNS)
def test_tunnels_of_openvpn(tmp_path: Path, config: str) -> None:
    files = {"etc/openvpn/client/gw.conf": config}
    (found,) = the_tunnels(
        a_gateway(tmp_path / "on", ["/usr/sbin/openvpn --config /etc/openvpn/client/gw.conf"], files)
    )
    weak = [(w.name, w.line, w.is_broken) for w in found.weak]
    assert (found.role, found.authentication, found.checks_peer.known, weak) == OPENVPNS[config]
    assert the_tunnels(a_gateway(tmp_path / "off", [], files)) == ()


@pytest.mark.parametrize("unit", ["openvpn-client@gw.service", "openvpn.service"])
def test_tunnels_that_units_of_debian_start(tmp_path: Path, unit: str) -> None:
    units = {
        "usr/lib/systemd/system/openvpn-client@.service": (
            "[Service]\nWorkingDirectory=/etc/openvpn/client\nExecStart=/usr/sbin/openvpn --nobind --config %i.conf\n"
        ),
        "usr/lib/systemd/system/openvpn.service": "[Service]\nType=oneshot\nExecStart=/usr/bin/true\n",
    }
    place = "etc/openvpn/client/gw.conf" if "@" in unit else "etc/openvpn/gw.conf"
    tree = debian(tmp_path, {**PROGRAMS, **units, place: "client\ncert c\n"})
    template = unit.replace("@gw", "@")
    add_links(tmp_path, {f"etc/systemd/system/multi-user.target.wants/{unit}": f"/usr/lib/systemd/system/{template}"})
    (found,) = the_tunnels(tree)
    assert (found.path, found.checks_peer.known) == (f"/{place}", False)


IPSEC = """config setup
conn %default
  keyexchange=ikev1
  ike=3des-md5-modp1024!
conn psk
  authby=secret
  aggressive=yes
  auto=start
conn certificates
  keyexchange=ikev2
  leftauth=pubkey
  rightauth=pubkey
  ike=aes256-sha256-modp2048,aes256gcm16-prfsha384-ecp384
  esp=null-sha256
  auto=add
conn resting
  authby=never
"""
SWANCTL = """connections {
  gw {
    version = 1
    aggressive = yes
    proposals = aes128-sha256-modp1024
    local-1 { auth = psk }
    remote-1 {
      auth = psk
    }
    children { net { esp_proposals = aes128gcm16-x25519 } }
  }
  other { local { auth = pubkey
      certs = gw.pem } remote { auth = pubkey } }
}
secrets { ike-1 { secret = "not told" } }
"""


def test_connections_of_strongswan(tmp_path: Path) -> None:
    files = {"etc/ipsec.conf": IPSEC, "etc/swanctl/swanctl.conf": SWANCTL}
    found = the_tunnels(a_gateway(tmp_path / "on", ["/usr/sbin/starter --nofork"], files))
    shown = [
        (t.name, t.authentication, t.is_aggressive, [(w.name, w.line, w.is_broken) for w in t.weak]) for t in found
    ]
    assert shown == [
        ("psk", "psk", True, [("3des", 4, False), ("md5", 4, False), ("modp1024", 4, False)]),
        ("certificates", "certificate", False, [("null", 14, True)]),
        ("gw", "psk", True, [("modp1024", 5, False)]),
        ("other", "certificate", False, []),
    ]
    assert "not told" not in repr(found)
    assert the_tunnels(a_gateway(tmp_path / "off", [], files)) == ()


def test_tunnels_of_wireguard(tmp_path: Path) -> None:
    config = "[Interface]\nPrivateKey = not told\n[Peer]\nPublicKey = x\n"
    files = {"etc/wireguard/wg0.conf": config, "etc/systemd/network/a.netdev": "[NetDev]\nName=wg1\nKind=wireguard\n"}
    found = the_tunnels(a_gateway(tmp_path, [], files))
    assert [(t.system, t.name, t.line, t.authentication) for t in found] == [
        ("wireguard", "wg0", 1, "public-key"),
        ("wireguard", "a", 3, "public-key"),
    ]
    assert "not told" not in repr(found)
