"""Radio networks, tunnels and web interfaces of gateways: an example of Debian's packages, and files of ours."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iotscan.model.facts import (
    AdminInterface,
    AdminInterfaces,
    VpnTunnel,
    VpnTunnels,
    WirelessNetwork,
    WirelessNetworks,
)
from iotscan.observe.heard import Heard
from iotscan.observe.image.inspectors import admin, tunnels, wireless
from iotscan.observe.image.readers.folder import FolderTree
from tests.observe.image.looking import a_root, heard_of
from tests.observe.image.started_roots import debian, openwrt
from tests.observe.image.test_startup import add_links

Files = Mapping[str, str | bytes]
NO_FILES: Files = {}
PROGRAMS = {
    f"usr/sbin/{name}": b"\x7fELF"
    for name in ("hostapd", "wpa_supplicant", "NetworkManager", "openvpn", "charon-systemd", "starter")
} | {f"usr/bin/{name}": b"\x7fELF" for name in ("node", "node-red", "hass", "true")}


def a_gateway(folder: Path, commands: list[str], files: Files = NO_FILES) -> FolderTree:
    """A root of BusyBox's init that starts these commands."""
    lines = "".join(f"::respawn:{command}\n" for command in commands)
    tree = a_root(folder, {"bin/busybox": "ELF", "etc/inittab": lines, **PROGRAMS, **files})
    add_links(folder, {"sbin/init": "/bin/busybox"})
    return tree


def networks(tree: FolderTree) -> tuple[WirelessNetwork, ...]:
    heard = heard_of(wireless.INSPECTOR, tree)
    assert not heard.missed
    return tuple(n for fact in heard.facts if isinstance(fact, WirelessNetworks) for n in fact.networks)


def the_tunnels(tree: FolderTree) -> tuple[VpnTunnel, ...]:
    heard = heard_of(tunnels.INSPECTOR, tree)
    assert not heard.missed
    return tuple(t for fact in heard.facts if isinstance(fact, VpnTunnels) for t in fact.tunnels)


def interfaces(tree: FolderTree) -> tuple[AdminInterface, ...]:
    heard = heard_of(admin.INSPECTOR, tree)
    assert not heard.missed
    return tuple(i for fact in heard.facts if isinstance(fact, AdminInterfaces) for i in fact.interfaces)


SUPPLICANT = """ctrl_interface=/run/wpa
network={
  ssid="home"
  psk="not told"
}
network={
  ssid="cafe"
  key_mgmt=NONE
}
network={
  ssid="office"
  key_mgmt=WPA-EAP
  eap=PEAP
  identity="gw"
  password="not told"
}
network={
  ssid="checked"
  key_mgmt=WPA-EAP
  eap=TTLS
  ca_cert="/etc/ssl/certs/ca.pem"
}
network={
  ssid="mutual"
  key_mgmt=WPA-EAP
  eap=PWD
}
network={
  ssid="old"
  proto=WPA
  pairwise=TKIP
  key_mgmt=WPA-PSK
  psk="not told"
}
network={
  ssid="older"
  key_mgmt=NONE
  wep_key0=0102030405
}
network={
  ssid="off"
  key_mgmt=NONE
  disabled=1
}
network={
  ssid="new"
  key_mgmt=SAE
}
"""


def test_networks_that_wpa_supplicant_joins(tmp_path: Path) -> None:
    found = networks(a_gateway(tmp_path, [], {"etc/wpa_supplicant/wpa_supplicant-wlan0.conf": SUPPLICANT}))
    shown = {n.name: (n.protections, n.has_tkip, n.is_enterprise, n.checks_server.known, n.line) for n in found}
    assert shown == {
        "home": (("wpa2",), False, False, True, 2),
        "cafe": (("open",), False, False, True, 8),
        "office": (("wpa2",), False, True, False, 12),
        "checked": (("wpa2",), False, True, True, 19),
        "mutual": (("wpa2",), False, True, True, 25),
        "old": (("wpa",), True, False, True, 28),
        "older": (("wep",), False, False, True, 37),
        "new": (("wpa3",), False, False, True, 45),
    }
    assert "not told" not in repr(found)


HOSTAPDS = {
    "ssid=a\nwpa=2\nrsn_pairwise=CCMP\nwpa_passphrase=not told\n": (("wpa2",), False, "off"),
    "ssid=a\nwpa=2\nwpa_passphrase=not told\n": (("wpa2",), True, "off"),
    "ssid=a\nwpa=3\nwpa_pairwise=TKIP CCMP\nrsn_pairwise=CCMP\n": (("wpa2", "wpa"), True, "off"),
    "ssid=a\n#wpa=2\n": (("open",), False, "off"),
    "ssid=a\nwep_key0=01\n": (("wep",), False, "off"),
    "ssid=a\nwpa=2\nwpa_key_mgmt=SAE\nrsn_pairwise=CCMP\nwps_state=2\nap_pin=12345670\n": (("wpa3",), False, "pin"),
    "ssid=a\nwpa=2\nrsn_pairwise=CCMP\nwps_state=2\nconfig_methods=push_button\n": (("wpa2",), False, "button"),
    "ssid=a\nwpa=2\nwpa_key_mgmt=OWE\nrsn_pairwise=CCMP\n": (("owe",), False, "off"),
}


@pytest.mark.parametrize("config", HOSTAPDS)
def test_networks_that_hostapd_opens(tmp_path: Path, config: str) -> None:
    files = {"etc/hostapd/hostapd.conf": config}
    (found,) = networks(a_gateway(tmp_path / "on", ["/usr/sbin/hostapd /etc/hostapd/hostapd.conf"], files))
    assert (found.protections, found.has_tkip, found.wps) == HOSTAPDS[config]
    assert networks(a_gateway(tmp_path / "off", [], files)) == ()


def test_hostapd_that_nobody_knows_to_be_started_is_open(tmp_path: Path) -> None:
    tree = a_root(tmp_path, {**PROGRAMS, "etc/hostapd/hostapd.conf": "ssid=a\n"})
    assert [m.reason for m in heard_of(wireless.INSPECTOR, tree).missed] == ["not_observable"]


def test_networks_of_openwrt(tmp_path: Path) -> None:
    uci = """config wifi-device 'radio0'
config wifi-device 'radio1'
 option disabled '1'
config wifi-iface
 option device 'radio0'
 option mode 'ap'
 option ssid 'OpenWrt'
 option encryption 'none'
config wifi-iface
 option device 'radio1'
 option encryption 'none'
config wifi-iface
 option device 'radio0'
 option encryption 'psk-mixed+tkip+ccmp'
 option wps_label '1'
config wifi-iface
 option device 'radio0'
 option mode 'sta'
 option encryption 'wpa2'
"""
    found = networks(openwrt(tmp_path, {"etc/config/wireless": uci}))
    assert [(n.role, n.protections, n.has_tkip, n.wps, n.checks_server.known, n.line) for n in found] == [
        ("opens", ("open",), False, "off", True, 8),
        ("opens", ("wpa", "wpa2"), True, "pin", True, 14),
        ("joins", ("wpa2",), False, "off", False, 19),
    ]


def test_connections_of_networkmanager(tmp_path: Path) -> None:
    head = "[connection]\nid=x\ntype=wifi\n[wifi]\nssid=x\n"
    files = {
        "etc/NetworkManager/system-connections/a.nmconnection": f"{head}[wifi-security]\nkey-mgmt=wpa-psk\n",
        "etc/NetworkManager/system-connections/b.nmconnection": head,
        "etc/NetworkManager/system-connections/c.nmconnection": (
            f"{head}[wifi-security]\nkey-mgmt=wpa-eap\n[802-1x]\neap=peap;\nsystem-ca-certs=false\n"
        ),
        "etc/NetworkManager/system-connections/d.nmconnection": "[connection]\ntype=ethernet\n",
    }
    found = networks(a_gateway(tmp_path, [], files))
    assert [(n.protections, n.checks_server.known) for n in found] == [
        (("wpa2",), True),
        (("open",), True),
        (("wpa2",), False),
    ]


def test_the_example_of_hostapd_opens_a_network_without_encryption(tmp_path: Path) -> None:
    example = Path("/usr/share/doc/hostapd/examples/hostapd.conf")
    if not example.exists():
        pytest.skip("hostapd's example is missing (package hostapd)")
    command = "/usr/sbin/hostapd -B /etc/hostapd/hostapd.conf"
    (found,) = networks(a_gateway(tmp_path, [command], {"etc/hostapd/hostapd.conf": example.read_bytes()}))
    assert (found.name, found.protections) == ("test", ("open",))


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


NODE_REDS = {
    "module.exports = {\n uiPort: process.env.PORT || 1880,\n //adminAuth: { type: 'credentials' },\n}\n": (
        "none",
        False,
        True,
        2,
    ),
    "module.exports = {\n /* adminAuth: {} */\n}\n": ("none", False, True, 1),
    "module.exports = {\n adminAuth: { users: [{ username: 'a' }] },\n https: { key: 1 },\n}\n": (
        "password",
        True,
        True,
        2,
    ),
    "module.exports = {\n uiHost: '127.0.0.1',\n url: 'http://x', // adminAuth:\n}\n": ("none", False, False, 1),
}


@pytest.mark.parametrize("text", NODE_REDS)
def test_the_editor_of_node_red(tmp_path: Path, text: str) -> None:
    files = {"usr/bin/node-red": "x", "root/.node-red/settings.js": text}
    (found,) = interfaces(a_gateway(tmp_path / "on", ["/usr/bin/node-red --max-old-space-size=256"], files))
    assert (found.authentication, found.tls.known, found.faces_network, found.line) == NODE_REDS[text]
    assert found.runs_code
    assert interfaces(a_gateway(tmp_path / "off", [], files)) == ()


def test_node_red_without_a_file_is_open_by_default(tmp_path: Path) -> None:
    (found,) = interfaces(a_gateway(tmp_path, ["/usr/bin/node /usr/lib/node_modules/node-red/red.js -p 1881"]))
    assert (found.authentication, found.is_default, found.port, found.path) == ("none", True, 1881, "/etc/inittab")


def test_node_red_without_an_editor_is_no_interface(tmp_path: Path) -> None:
    files = {"data/settings.js": "module.exports = { httpAdminRoot: false }"}
    assert interfaces(a_gateway(tmp_path, ["/usr/bin/node-red"], files)) == ()


ZIGBEES = {
    "frontend: true\nadvanced:\n  network_key: GENERATE\n": ("none", "generated"),
    "frontend:\n  port: 8099\n": ("none", "published"),
    "frontend:\n  enabled: true\n  auth_token: not told\n  ssl_cert: /c\nadvanced:\n  network_key: [1, 3, 5]\n": (
        "password",
        "fixed",
    ),
    "frontend:\n  auth_token: '!secret token'\nadvanced: {network_key: [1,3,5,7,9,11,13,15,0,2,4,6,8,10,12,13]}\n": (
        *("password", "published"),
    ),
    "frontend: false\nadvanced:\n  network_key: !secret.yaml network_key\n": (None, "generated"),
    "mqtt:\n  server: mqtt://localhost\nfrontend: {enabled: false}\n": (None, "published"),
}


@pytest.mark.parametrize("text", ZIGBEES)
def test_zigbee2mqtt(tmp_path: Path, text: str) -> None:
    files = {"opt/zigbee2mqtt/data/configuration.yaml": text}
    tree = a_gateway(tmp_path / "on", ["/usr/bin/node /opt/zigbee2mqtt/index.js"], files)
    found = interfaces(tree)
    assert ([i.authentication for i in found] or [None], [n.key for n in networks(tree)]) == (
        [ZIGBEES[text][0]],
        [ZIGBEES[text][1]],
    )
    assert "not told" not in repr(found)
    off = a_gateway(tmp_path / "off", [], files)
    assert (interfaces(off), networks(off)) == ((), ())


HOMES = {
    "homeassistant:\n  name: x\n": ("password", True, 0),
    "homeassistant:\n  auth_providers:\n    - type: homeassistant\nhttp:\n  ssl_certificate: /c\n": (
        "password",
        False,
        3,
    ),
    "homeassistant:\n  auth_providers:\n   - type: trusted_networks\n     trusted_networks:\n      - 10.1.0.0/24\n": (
        *("address", False, 3),
    ),
    "homeassistant:\n  auth_providers:\n   - type: trusted_networks\n     trusted_networks: [0.0.0.0/0]\n": (
        "none",
        False,
        3,
    ),
    "secret: !include x.yaml\nhttp:\n  server_host: 127.0.0.1\n": ("password", True, 3),
}


@pytest.mark.parametrize("text", HOMES)
def test_home_assistant(tmp_path: Path, text: str) -> None:
    (found,) = interfaces(a_gateway(tmp_path, ["/usr/bin/hass -c /config"], {"config/configuration.yaml": text}))
    assert (found.authentication, found.is_default, found.line) == HOMES[text]
    assert found.faces_network is ("127.0.0.1" not in text)


@pytest.mark.parametrize("text", ["[" * 6000, "a: [", "\t- x: {", "a: &a [*a, *a]\nb: *c", "-\n" + " " * 400 + "a: b"])
def test_yaml_that_is_none_is_unreadable(tmp_path: Path, text: str) -> None:
    tree = a_gateway(tmp_path, ["/usr/bin/hass -c /config"], {"config/configuration.yaml": text})
    assert [m.reason for m in heard_of(admin.INSPECTOR, tree).missed] == ["unreadable"]


def test_what_is_not_there_is_absent(tmp_path: Path) -> None:
    tree = a_gateway(tmp_path, ["/bin/sh"])
    for inspector in (wireless.INSPECTOR, tunnels.INSPECTOR, admin.INSPECTOR):
        assert heard_of(inspector, tree) == Heard()


PIECES = """network={\n|}\n|key_mgmt=NONE\n|eap=PEAP\n|ssid=x\n|wpa=9\n|wpa=-\n|bss=\n|config wifi-iface\n|
[connection]\n|option encryption 'x+'\n|conn x\n|  also=x\n|  auto=start\n|  ike=3des--,\n|connections {|{|a = |
<cert>\n|cipher\n|
tls-cipher ::\n|server\n|client\n|frontend:|  - |adminAuth:|/*|"|`|//|homeassistant:\n|  auth_providers:\n|&a |*a|é|
type=wifi\n"""
PLACES = (
    *("etc/wpa_supplicant.conf", "etc/hostapd.conf", "etc/config/wireless", "etc/ipsec.conf", "etc/openvpn/a.conf"),
    *("etc/swanctl/swanctl.conf", "config/configuration.yaml", "root/.node-red/settings.js"),
    *("opt/zigbee2mqtt/data/configuration.yaml", "etc/NetworkManager/system-connections/a"),
)
STARTS = ["/usr/sbin/hostapd", "/usr/sbin/starter", "/usr/sbin/openvpn --config a.conf", "/usr/bin/hass -c /config"]
STARTS += ["/usr/bin/node-red", "/usr/bin/node /opt/zigbee2mqtt/index.js"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(PIECES.split("|")), max_size=25))
def test_any_file_is_survived(tmp_path: Path, pieces: list[str]) -> None:
    folder = tmp_path / "x"
    if not folder.exists():
        a_gateway(folder, STARTS)
    tree = a_root(folder, dict.fromkeys(PLACES, "".join(pieces)))
    for inspector in (wireless.INSPECTOR, tunnels.INSPECTOR, admin.INSPECTOR):
        heard_of(inspector, tree)
