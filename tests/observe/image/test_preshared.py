"""Pre-shared keys in configurations as the programs' manuals write them."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.facts import ConfiguredPsks, Lwm2mClients
from iotscan.observe.heard import Heard
from iotscan.observe.image.inspectors import preshared
from iotscan.observe.image.inspectors.preshared import _measured
from iotscan.observe.image.readers.folder import FolderTree
from tests.observe.image.looking import a_root, heard_of

STRONG = "8f3a01c9d2e4b5f60718293a4b5c6d7e"
UNIT = "[Service]\nDescription=lwm2mclient\nExecStart={}\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {
                "etc/mosquitto/mosquitto.conf": "psk_file /etc/mosquitto/psk\n",
                "etc/mosquitto/psk": f"gw:{STRONG}\nid:deadbeef\n",
            },
            [("mosquitto", 1, 16, False, False), ("mosquitto", 2, 4, False, False)],
        ),
        (
            {"etc/stunnel/a.conf": "[x]\nPSKsecrets = /etc/stunnel/psk\n", "etc/stunnel/psk": "gw1:correcthorse1\n"},
            [("stunnel", 1, 13, True, False)],
        ),
        ({"etc/ipsec.secrets": '# x\ngw.acme.io : PSK "gw.acme.io"\n'}, [("ipsec", 2, 10, False, True)]),
        (
            {"etc/swanctl/conf.d/a.conf": "secrets {\n ike-1 {\n  secret = sommer2024\n }\n}\n"},
            [("swanctl", 3, 10, True, False)],
        ),
        (
            {"etc/wpa_supplicant.conf": 'network={\n ssid="werkstatt"\n psk="Werkstatt"\n}\n'},
            [("wpa", 3, 9, True, True)],
        ),
        ({"etc/hostapd.conf": f"ssid=x\nwpa_psk={STRONG}{STRONG}\n"}, [("hostapd", 2, 32, False, False)]),
        (
            {"etc/config/wireless": "config wifi-iface\n\toption ssid 'gw'\n\toption key 'a9!kQ-27zz'\n"},
            [("uci-wireless", 3, 10, False, False)],
        ),
        (
            {"etc/systemd/system/l.service": UNIT.format(f"/usr/bin/lwm2mclient -b -h bs.acme.io -i gw -s {STRONG}")},
            [("lwm2m", 3, 16, False, False)],
        ),
        (  # a port is no key
            {"etc/rc.local": f"lwm2mclient -b -h bs.acme.io -p 5684 -i gw -s {STRONG} &\n"},
            [("lwm2m", 1, 16, False, False)],
        ),
        ({"etc/hostname": "gw"}, []),
    ],
)
def test_keys(tmp_path: Path, files: dict[str, str], expected: list[tuple[str, int, int, bool, bool]]) -> None:
    a_root(tmp_path, files)
    facts = [f for f in heard_of(preshared.INSPECTOR, FolderTree(tmp_path)).facts if isinstance(f, ConfiguredPsks)]
    found = [(k.system, k.line, k.length, k.is_word, k.is_identity) for fact in facts for k in fact.psks]
    assert found == expected
    assert STRONG not in repr(facts)


def test_a_documented_key_is_known(tmp_path: Path) -> None:
    a_root(
        tmp_path, {"etc/stunnel/a.conf": "PSKsecrets=/etc/psk\n", "etc/psk": f"Client_identity:{b'secretPSK'.hex()}\n"}
    )
    (fact,) = heard_of(preshared.INSPECTOR, FolderTree(tmp_path)).facts
    assert isinstance(fact, ConfiguredPsks)
    assert (fact.psks[0].published, fact.psks[0].is_word) == ("tinydtls-example", True)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("/usr/bin/lwm2mclient -b -h bs.acme.io -p 5683", (True, "unsaid", "bs.acme.io")),
        ("java -jar leshan-demo-client.jar -b -u coap://bs.acme.io:5683", (True, "none", "coap://bs.acme.io:5683")),
        (
            "anjay_demo --bootstrap --security-mode nosec --server-uri coap://bs.acme.io",
            (True, "none", "coap://bs.acme.io"),
        ),
        (
            "anjay_demo --bootstrap --identity gw --key 00112233 -u coaps://bs.acme.io",
            (True, "psk", "coaps://bs.acme.io"),
        ),
        (
            "anjay_demo --security-mode cert --client-cert-file c -u coaps://m.acme.io",
            (False, "certificate", "coaps://m.acme.io"),
        ),
    ],
)
def test_lwm2m_clients(tmp_path: Path, command: str, expected: tuple[bool, str, str]) -> None:
    a_root(tmp_path, {"etc/systemd/system/l.service": UNIT.format(command)})
    (fact,) = [f for f in heard_of(preshared.INSPECTOR, FolderTree(tmp_path)).facts if isinstance(f, Lwm2mClients)]
    (client,) = fact.clients
    assert (client.bootstraps, client.security, client.server) == expected


@pytest.mark.parametrize(
    ("key", "is_told"),
    [
        (STRONG, True),
        (b"aB3dE5gH7jK9mN1p".hex(), True),
        (b"correct-horse-battery".hex(), False),
        ("00" * 16, False),
        ("00112233", False),
        (b"secretPSK".hex(), False),
    ],
)
def test_keys_are_told_apart_where_nobody_can_guess_them(tmp_path: Path, key: str, is_told: bool) -> None:
    a_root(tmp_path, {"etc/rc.local": f"lwm2mclient -b -h bs.acme.io -p 5684 -i gw -s {key} &\n"})
    (fact,) = [f for f in heard_of(preshared.INSPECTOR, FolderTree(tmp_path)).facts if isinstance(f, Lwm2mClients)]
    told = hashlib.sha256(bytes.fromhex(key)).hexdigest()[:8] if is_told else ""
    assert [c.key_sha256_prefix for c in fact.clients] == [told]


def test_a_configuration_that_names_no_file_is_absent(tmp_path: Path) -> None:
    assert (
        heard_of(preshared.INSPECTOR, a_root(tmp_path, {"etc/mosquitto/mosquitto.conf": "psk_file /gone\n"})) == Heard()
    )


@given(st.text(max_size=80), st.text(max_size=20))
def test_any_key_is_measured(tmp_path_factory: pytest.TempPathFactory, key: str, identity: str) -> None:
    tree = FolderTree(tmp_path_factory.getbasetemp())
    assert _measured(tree, "/x", 1, "stunnel", identity, key).length >= 0
