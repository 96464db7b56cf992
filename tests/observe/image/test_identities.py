"""Which client certificates an image is configured with, and where their keys are."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from iotscan.model.facts import DeviceIdentities, FirstBoot
from iotscan.observe.image.inspectors import first_boot
from iotscan.observe.image.inspectors.identities import INSPECTOR
from iotscan.observe.image.texts import without_blocks
from tests.observe.image.looking import a_root, heard_of
from tests.observe.image.updates.systems import BUSYBOX

KEY = {"etc/ssl/d.key": "-----BEGIN PRIVATE KEY-----\n"}
BRIDGE = """listener 1883
connection cloud
address m.example:8883
bridge_certfile /etc/ssl/d.crt
bridge_keyfile /etc/ssl/d.key
"""
AWS = '{"endpoint":"x","cert":"/etc/ssl/d.crt","key":"/etc/ssl/d.key","fleet-provisioning":{"enabled":%s}}'
AZIOT = '[provisioning.attestation]\nmethod = "x509"\nidentity_cert = "file:///etc/ssl/d.crt"\nidentity_pk = "%s"\n'
EST = '[cert_issuance.est.auth]\nidentity_cert = "file:///etc/ssl/e.crt"\nidentity_pk = "file:///etc/ssl/e.key"\n'
CHIRP = """[backend.basic_station]
tls_key="/etc/ssl/s.key"
[integration.mqtt.auth.generic]
tls_cert="/etc/ssl/d.crt"
tls_key="/etc/ssl/d.key"
"""
OPENVPN = {
    "usr/sbin/openvpn": "x",
    "etc/inittab": "::sysinit:/etc/init.d/rcS\n::respawn:/usr/sbin/openvpn --cd /etc/openvpn --config gw.conf\n",
    "etc/init.d/rcS": "#!/bin/sh\n:\n",
    "bin/busybox": "",
}
TUNNEL = "client\ndev tun\nremote vpn.example 1194\nca ca.crt\n"
CASES: dict[str, tuple[Mapping[str, str], set[tuple[str, int, str, str, str]]]] = {
    "a bridge": (
        {"etc/mosquitto/conf.d/b.conf": BRIDGE, **KEY},
        {("/etc/mosquitto/conf.d/b.conf", 5, "mosquitto bridge", "file", "/etc/ssl/d.key")},
    ),
    "its key is not there": (
        {"etc/mosquitto/mosquitto.conf": BRIDGE},
        {("/etc/mosquitto/mosquitto.conf", 5, "mosquitto bridge", "absent", "/etc/ssl/d.key")},
    ),
    "no bridge, or one in a comment": (
        {"etc/mosquitto/mosquitto.conf": "listener 8883\nkeyfile /etc/ssl/d.key\n#connection c\n#bridge_keyfile /k\n"},
        set(),
    ),
    "swupdate": (
        {"etc/swupdate.cfg": 'suricatta : {\n/*\n sslkey = "/x";\n*/\n sslkey = "/etc/ssl/d.key";\n};\n', **KEY},
        {("/etc/swupdate.cfg", 5, "swupdate", "file", "/etc/ssl/d.key")},
    ),
    "rauc with a key in hardware": (
        {"etc/rauc/system.conf": "[streaming]\ntls-key=pkcs11:token=t;object=o?pin-value=1234\n"},
        {("/etc/rauc/system.conf", 2, "rauc", "hardware", "pkcs11:…")},
    ),
    "rauc-hawkbit-updater with an engine": (
        {"etc/rauc-hawkbit-updater/config.conf": "[client]\nssl_key = 0x81000001\nssl_engine = tpm2tss\n"},
        {("/etc/rauc-hawkbit-updater/config.conf", 3, "rauc-hawkbit-updater", "hardware", "a key store in hardware")},
    ),
    "mender": (
        {
            "etc/mender/mender.conf": '{"Key": "/no", "HttpsClient": {"Certificate": "/c", "Key": "/etc/ssl/d.key"}}',
            **KEY,
        },
        {("/etc/mender/mender.conf", 1, "mender", "file", "/etc/ssl/d.key")},
    ),
    "azure iot edge, and what it asks its authority with": (
        {"etc/aziot/config.toml": AZIOT % "file:///etc/ssl/d.key" + EST, **KEY},
        {("/etc/aziot/config.toml", 4, "Azure IoT Edge", "file", "/etc/ssl/d.key")},
    ),
    "azure iot edge with hardware": (
        {"etc/aziot/config.toml": AZIOT % "pkcs11:slot-id=0;object=device%20id?pin-value=1234"},
        {("/etc/aziot/config.toml", 4, "Azure IoT Edge", "hardware", "pkcs11:…")},
    ),
    "chirpstack: the server's key is none": (
        {"etc/chirpstack-gateway-bridge/chirpstack-gateway-bridge.toml": CHIRP, **KEY},
        {
            (
                "/etc/chirpstack-gateway-bridge/chirpstack-gateway-bridge.toml",
                5,
                "ChirpStack gateway",
                "file",
                "/etc/ssl/d.key",
            )
        },
    ),
    "wireguard's key in a file of NetworkManager is none": (
        {"etc/NetworkManager/system-connections/wg": "[wireguard]\nprivate-key=QUFBQQ==\n"},
        set(),
    ),
    "a word that is no place": (
        {"etc/aws-iot-device-client/a.json": '{"key": "hinterhaus", "cert": "/c.pem"}'},
        set(),
    ),
    "802.1X": (
        {"etc/NetworkManager/system-connections/lan": "[802-1x]\neap=tls;\nprivate-key=/etc/ssl/d.key\n", **KEY},
        {("/etc/NetworkManager/system-connections/lan", 3, "NetworkManager", "file", "/etc/ssl/d.key")},
    ),
    "a tunnel that is started, beside its key": (
        {
            **OPENVPN,
            "etc/openvpn/gw.conf": TUNNEL + "cert d.crt\nkey d.key\nkey-direction 1\n",
            "etc/openvpn/d.key": "k",
        },
        {("/etc/openvpn/gw.conf", 6, "openvpn", "file", "/etc/openvpn/d.key")},
    ),
    "a tunnel that holds its key": (
        {**OPENVPN, "etc/openvpn/gw.conf": TUNNEL + "<key>\n-----BEGIN PRIVATE KEY-----\n</key>\n"},
        {("/etc/openvpn/gw.conf", 5, "openvpn", "file", "/etc/openvpn/gw.conf")},
    ),
    "a tunnel that nothing starts, and a server": (
        {
            **OPENVPN,
            "etc/openvpn/client/x.conf": TUNNEL + "key d.key\n",
            "etc/openvpn/gw.conf": "server 10.0.0.0 255.0.0.0\nkey d.key\n",
        },
        set(),
    ),
    "a script of the start": (
        {
            **BUSYBOX,
            "etc/init.d/rcS": '#!/bin/sh\ncurl --cert /c --key /etc/ssl/d.key https://x\ncurl --key "$K" https://y\n',
            **KEY,
        },
        {("/etc/init.d/rcS", 2, "curl", "file", "/etc/ssl/d.key"), ("/etc/init.d/rcS", 3, "curl", "absent", "$K")},
    ),
}


def identities_of(folder: Path, files: Mapping[str, str]) -> DeviceIdentities:
    (fact,) = heard_of(INSPECTOR, a_root(folder, files)).facts
    assert isinstance(fact, DeviceIdentities)
    return fact


@pytest.mark.parametrize("case", CASES)
def test_who_shows_a_certificate(case: str, tmp_path: Path) -> None:
    files, expected = CASES[case]
    found = identities_of(tmp_path, files)
    assert {(i.path, i.line, i.client, i.kept, i.key) for i in found.identities} == expected
    assert "1234" not in repr(found)


@pytest.mark.parametrize(("word", "is_claim"), [("true", True), ("false", False)])
def test_a_claim_is_told_from_an_identity(word: str, is_claim: bool, tmp_path: Path) -> None:
    found = identities_of(tmp_path, {"etc/aws-iot-device-client/a.conf": AWS % word, **KEY})
    assert [(i.client, i.kept, i.is_claim) for i in found.identities] == [("AWS IoT Device Client", "file", is_claim)]


def test_a_link_leads_to_the_key(tmp_path: Path) -> None:
    root = a_root(tmp_path, {"etc/mosquitto/mosquitto.conf": BRIDGE, "usr/share/factory.key": "k"})
    (tmp_path / "etc/ssl").mkdir()
    (tmp_path / "etc/ssl/d.key").symlink_to("/usr/share/factory.key")
    (fact,) = heard_of(INSPECTOR, root).facts
    assert isinstance(fact, DeviceIdentities)
    assert [i.key for i in fact.identities] == ["/usr/share/factory.key"]


@pytest.mark.parametrize(
    ("line", "writes"),
    [
        ("openssl genpkey -algorithm EC -out /data/d.key", "/data/d.key"),
        ("openssl req -x509 -newkey rsa:2048 -keyout /data/d.key -out /data/d.crt", "/data/d.key"),
        # The key goes to where the configuration says.
        ("openssl req -x509 -newkey rsa:2048 -out /data/d.crt", ""),
        ('D=/data\nopenssl ecparam -genkey -name prime256v1 -out "$D/d.key"', "/data/d.key"),
        ('openssl genrsa -out "$1"', ""),
        ("certtool --generate-privkey --outfile /data/d.key", "/data/d.key"),
        ("openssl genrsa 2048", ""),
    ],
)
def test_where_the_start_puts_a_key(line: str, writes: str, tmp_path: Path) -> None:
    tree = a_root(tmp_path, {**BUSYBOX, "etc/init.d/rcS": f"#!/bin/sh\n{line}\n"})
    (fact,) = heard_of(first_boot.INSPECTOR, tree).facts
    assert isinstance(fact, FirstBoot)
    assert [m.writes for m in fact.key_makers if m.makes == "tls-key"] == [writes]


def test_comments_that_do_not_end_cost_no_time() -> None:
    """A regular expression would look for the end from every beginning: 29 s for 60 kB."""
    text = "/* " * 85_000
    assert without_blocks(text) == text
    assert without_blocks("a /* b\n c */ d /* e") == "a \n d /* e"
