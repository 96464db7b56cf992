"""Radio networks of gateways: an example of Debian's packages, and files of ours."""

from pathlib import Path

import pytest

from iotscan.observe.image.inspectors import wireless
from tests.observe.image.gateways import PROGRAMS, a_gateway, networks
from tests.observe.image.looking import a_root, heard_of
from tests.observe.image.started_roots import openwrt

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
