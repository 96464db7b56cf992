"""Each practice device, asked by the real client of its protocol."""

import hashlib
import json
import re
import shutil
import socket
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest
import yaml

from iotscan.data.credential_records import read_records
from iotscan.lab import truth
from iotscan.lab.state import LabState

At = Callable[[int], str]
Run = Callable[..., subprocess.CompletedProcess[str]]
UP_TO_12 = ("-cipher", "ALL:@SECLEVEL=0")


def status(text: str) -> int:
    return int(text.split(" ", 2)[1])


# Web


def test_camera_shows_its_page_to_the_documented_login_only(run: Run, at: At) -> None:
    url = f"http://{at(10)}:20080/"
    refused = run("curl", "-si", "-m5", url).stdout
    assert status(refused) == 401
    assert 'WWW-Authenticate: Basic realm="Acme IPCam 100"' in refused
    assert "Acme IPCam 100</title>" not in refused
    assert status(run("curl", "-si", "-m5", "-u", "admin:admin", url).stdout) == 401
    assert "<title>Acme IPCam 100</title>" in run("curl", "-s", "-m5", "-u", "admin:acme-1234", url).stdout


@pytest.mark.parametrize(("host", "port"), [(10, 20080), (11, 20080), (17, 20080)])
def test_unknown_paths_are_not_found_and_head_has_no_body(run: Run, at: At, host: int, port: int) -> None:
    url = f"http://{at(host)}:{port}"
    assert status(run("curl", "-si", "-m5", f"{url}/no/such/page").stdout) == 404
    assert status(run("curl", "-sI", "-m5", f"{url}/.well-known/security.txt").stdout) == 404
    assert run("curl", "-sI", "-m5", f"{url}/").stdout.startswith("HTTP/1.1 ")


def test_two_requests_share_a_connection_and_close_is_honoured(run: Run, at: At) -> None:
    url = f"http://{at(17)}:20080/"
    assert "Re-using existing connection" in run("curl", "-sv", "-m5", url, url).stderr
    assert "Closing connection" in run("curl", "-sv", "-m5", "-H", "Connection: close", url).stderr


def test_nothing_can_be_uploaded(run: Run, at: At) -> None:
    url = f"http://{at(17)}:20080/update"
    assert 'type="file"' in run("curl", "-s", "-m5", url).stdout
    assert status(run("curl", "-si", "-m5", "-H", "Expect:", "-F", "firmware=@/etc/hostname", url).stdout) == 405


def test_legacy_gateway_sends_its_login_form_in_the_clear(run: Run, at: At) -> None:
    url = f"http://{at(11)}:20080"
    page = run("curl", "-s", "-m5", f"{url}/").stdout
    assert 'method="post" action="/login"' in page
    assert 'type="password"' in page
    assert status(run("curl", "-si", "-m5", "-d", "user=admin&password=admin", f"{url}/login").stdout) == 403


def test_legacy_firmware_is_an_intact_uimage_under_an_unsigned_manifest(run: Run, at: At, tmp_path: Path) -> None:
    url = f"http://{at(11)}:20080"
    manifest = json.loads(run("curl", "-s", "-m5", f"{url}/firmware/manifest.json").stdout)
    assert set(manifest) == {"model", "version", "file", "sha256"}
    image = tmp_path / "image"
    run("curl", "-s", "-m5", "-o", str(image), f"{url}{manifest['file']}")
    data = image.read_bytes()
    assert hashlib.sha256(data).hexdigest() == manifest["sha256"]
    assert data[:4] == bytes.fromhex("27051956")
    assert struct.unpack(">I", data[12:16])[0] == len(data) - 64


def test_hardened_gateway_redirects_to_https(run: Run, at: At) -> None:
    answer = run("curl", "-si", "-m5", f"http://{at(12)}:20080/anything").stdout
    assert status(answer) == 301
    assert f"Location: https://{at(12)}:20443/" in answer


def test_hardened_gateway_is_trusted_with_the_practice_ca_only(run: Run, at: At, practice_network: LabState) -> None:
    url, authority = f"https://{at(12)}:20443/", f"{practice_network.directory}/ca.pem"
    assert run("curl", "-s", "-m5", url).returncode == 60
    answer = run("curl", "-si", "-m5", "--cacert", authority, url).stdout
    assert "Strict-Transport-Security:" in answer
    assert re.search(r"Set-Cookie: .*; Secure; HttpOnly; SameSite=Strict", answer)
    contact = run("curl", "-s", "-m5", "--cacert", authority, f"{url}.well-known/security.txt").stdout
    assert re.search(r"^Contact: \S+$", contact, re.MULTILINE)
    assert re.search(r"^Expires: 20\d\d-", contact, re.MULTILINE)


@pytest.mark.parametrize("name", ["manifest.json", "gw3-2.4.1.img"])
def test_hardened_updates_carry_a_signature_that_verifies(
    run: Run, at: At, practice_network: LabState, tmp_path: Path, name: str
) -> None:
    authority = f"{practice_network.directory}/ca.pem"
    for suffix in ("", ".sig"):
        url = f"https://{at(12)}:20443/firmware/{name}{suffix}"
        run("curl", "-s", "-m5", "--cacert", authority, "-o", str(tmp_path / f"signed{suffix}"), url)
    ask = ("cms", "-verify", "-inform", "DER", "-binary", "-CAfile", authority, "-purpose", "any", "-out", "/dev/null")
    signed = ("-in", str(tmp_path / "signed.sig"), "-content", str(tmp_path / "signed"))
    assert run("openssl", *ask, *signed).returncode == 0
    (tmp_path / "signed").write_bytes(b"forged")
    assert run("openssl", *ask, *signed).returncode != 0


# TLS


def handshake(run: Run, authority: str, *arguments: str) -> str:
    answer = run("openssl", "s_client", "-connect", authority, *arguments)
    return answer.stdout + answer.stderr


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1", "-tls1_2"])
def test_legacy_gateway_takes_old_versions(run: Run, at: At, version: str) -> None:
    assert "Cipher is AES128-SHA" in handshake(run, f"{at(11)}:20443", version, *UP_TO_12)


@pytest.mark.parametrize(
    ("host", "arguments", "alert"),
    [
        (11, ("-tls1_3",), "alert number 70"),
        (11, ("-tls1_2", "-cipher", "ECDHE:DHE:@SECLEVEL=0"), "alert number 40"),
        (11, ("-tls1_2", "-cipher", "AESGCM:CHACHA20:@SECLEVEL=0"), "alert number 40"),
        (12, ("-tls1_1", *UP_TO_12), "alert number 70"),
        (12, ("-tls1_2", "-cipher", "kRSA:DHE:@SECLEVEL=0"), "alert number 40"),
        (12, ("-tls1_2", "-cipher", "ECDHE+SHA1:ECDHE+SHA256:!AESGCM:!CHACHA20:@SECLEVEL=0"), "alert number 40"),
        (13, ("-tls1_1", *UP_TO_12), "alert number 70"),
    ],
)
def test_what_is_refused_is_refused_by_an_alert(
    run: Run, at: At, host: int, arguments: tuple[str, ...], alert: str
) -> None:
    answer = handshake(run, f"{at(host)}:20443", *arguments)
    assert "Cipher is (NONE)" in answer
    assert alert in answer


@pytest.mark.parametrize("host", [12, 13, 14])
@pytest.mark.parametrize(("version", "name"), [("-tls1_2", "ECDHE-ECDSA-"), ("-tls1_3", "TLS_AES_")])
def test_modern_devices_take_modern_versions(run: Run, at: At, host: int, version: str, name: str) -> None:
    assert f"Cipher is {name}" in handshake(run, f"{at(host)}:20443", version)


def certificate(run: Run, authority: str) -> str:
    shown = run("openssl", "s_client", "-connect", authority, *UP_TO_12).stdout
    return run("openssl", "x509", "-noout", "-pubkey", "-subject", "-issuer", "-dates", given=shown).stdout


def public_key(text: str) -> str:
    return text.partition("-----END")[0]


def test_legacy_certificate_is_its_own_and_long_over(run: Run, at: At) -> None:
    shown = certificate(run, f"{at(11)}:20443")
    assert "subject=O = Acme, CN = gw-1\nissuer=O = Acme, CN = gw-1\n" in shown
    assert "notBefore=Mar  1 00:00:00 2013 GMT\nnotAfter=Mar  1 00:00:00 2023 GMT" in shown


def test_two_plugs_share_a_key_in_two_certificates_and_nobody_else_has_it(run: Run, at: At) -> None:
    first, again, second, other = (certificate(run, f"{at(host)}:20443") for host in (13, 13, 14, 12))
    assert first == again
    assert first != second
    assert public_key(first) == public_key(second) != public_key(other)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("-tls1_2", "-psk", "00", "-cipher", "PSK-AES128-CCM8:@SECLEVEL=0"), "Cipher is PSK-AES128-CCM8"),
        (("-tls1_2", "-psk", "00", "-cipher", "PSK-AES128-GCM-SHA256"), "Cipher is PSK-AES128-GCM-SHA256"),
        (("-tls1_2", "-psk", "00", "-cipher", "PSK-AES128-GCM-SHA256"), "alert number 115"),
        (("-tls1_2", "-psk", "00", "-cipher", "ECDHE-PSK-AES128-CBC-SHA256"), "alert number 40"),
        (("-tls1_2", "-cipher", "ECDHE:RSA"), "alert number 40"),
        (("-tls1_3",), "alert number 70"),
        (("-tls1_1", *UP_TO_12), "alert number 70"),
    ],
)
def test_psk_node_takes_plain_psk_and_nothing_else(run: Run, at: At, arguments: tuple[str, ...], expected: str) -> None:
    assert expected in handshake(run, f"{at(16)}:28883", *arguments)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("-dtls1_2", "-psk", "00", "-cipher", "PSK-AES128-CCM8:@SECLEVEL=0", "-state"), "read server done"),
        (
            ("-dtls1_2", "-psk", "00", "-cipher", "PSK-AES128-CCM8:@SECLEVEL=0", "-state"),
            "read hello verify request",
        ),
        (("-dtls1_2", "-psk", "00", "-cipher", "PSK-AES128-CBC-SHA256"), "alert handshake failure"),
        (("-dtls1_2", "-psk", "00", "-cipher", "ECDHE-PSK-AES128-CBC-SHA256"), "alert handshake failure"),
        (("-dtls1", "-psk", "00", "-cipher", "ALL:@SECLEVEL=0"), "alert protocol version"),
    ],
)
def test_coap_sensor_takes_plain_psk_in_dtls(run: Run, at: At, arguments: tuple[str, ...], expected: str) -> None:
    # OpenSSL waits for the end of a handshake that never ends: nobody knows the key.
    asked = run("timeout", "2", "openssl", "s_client", "-connect", f"{at(22)}:25684", *arguments)
    assert expected in asked.stdout + asked.stderr


# MQTT


@pytest.mark.parametrize("version", ["mqttv31", "mqttv311", "mqttv5"])
def test_open_broker_shows_retained_messages(run: Run, at: At, version: str) -> None:
    ask = ("-V", version, "-h", at(15), "-p", "21883", "-W", "5")
    heard = run("mosquitto_sub", *ask, "-v", "-C", "1", "-t", "$SYS/#")
    assert heard.stdout == "$SYS/broker/version acme-broker 1.0\n"
    assert run("mosquitto_sub", *ask, "-C", "2", "-t", "#").stdout.splitlines() == ["21.5", "locked"]
    assert run("mosquitto_sub", *ask, "-C", "1", "-t", "home/+/state").stdout == "locked\n"


@pytest.mark.parametrize("quality", ["0", "1", "2"])
def test_open_broker_takes_messages_and_keeps_none(run: Run, at: At, quality: str) -> None:
    publish = ("-h", at(15), "-p", "21883", "-q", quality, "-r", "-t", "practice/note", "-m", "x")
    assert run("mosquitto_pub", *publish).returncode == 0
    ask = ("-h", at(15), "-p", "21883", "-W", "1", "-C", "1", "-t", "practice/#")
    assert run("mosquitto_sub", *ask).stdout == ""


@pytest.mark.parametrize("login", [(), ("-u", "admin", "-P", "admin")], ids=["nobody", "somebody"])
def test_hardened_broker_lets_nobody_in(run: Run, at: At, practice_network: LabState, login: tuple[str, ...]) -> None:
    authority = f"{practice_network.directory}/ca.pem"
    ask = ("-h", at(12), "-p", "28883", "--cafile", authority, "-t", "#", "-W", "5", *login)
    old = run("mosquitto_sub", *ask)
    assert (old.returncode, old.stderr.strip()) == (5, "Connection error: Connection Refused: not authorised.")
    new = run("mosquitto_sub", "-V", "mqttv5", *ask)
    assert (new.returncode, new.stderr.strip()) == (135, "Connection error: Not authorized")


# SNMP


def test_sensor_hub_answers_public(run: Run, at: At) -> None:
    agent, description = f"{at(17)}:20161", "1.3.6.1.2.1.1.1.0"
    for version in ("-v1", "-v2c"):
        got = run("snmpget", version, "-c", "public", "-Oqv", agent, description)
        assert got.stdout.strip() == '"Acme Sensor Hub 2.1, Linux 3.10.14 mips"'
        walked = run("snmpwalk", version, "-c", "public", "-Oqv", agent, "1.3.6.1.2.1.1")
        assert walked.stdout.splitlines()[:2] == ['"Acme Sensor Hub 2.1, Linux 3.10.14 mips"', '"sensor-hub"']


def test_sensor_hub_has_no_other_variable(run: Run, at: At) -> None:
    ask = ("-c", "public", f"{at(17)}:20161", "1.3.6.1.2.1.1.4.0")
    assert "noSuchName" in run("snmpget", "-v1", *ask).stderr
    assert "No Such Object" in run("snmpget", "-v2c", *ask).stdout


def test_sensor_hub_is_silent_to_another_community(run: Run, at: At) -> None:
    ask = ("-v2c", "-t", "0.5", "-r", "0", "-c", "private", f"{at(17)}:20161", "1.3.6.1.2.1.1.1.0")
    assert "Timeout" in run("snmpget", *ask).stderr


# SSH

QUIET = ("-v", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null")


def test_ssh_boxes_share_a_host_key_and_the_gateway_does_not(run: Run, at: At) -> None:
    keys = [run("ssh-keyscan", "-p", "20022", at(host)).stdout.split() for host in (19, 19, 20, 12)]
    old, again, new, gateway = (found[2] for found in keys)
    assert old == again == new != gateway


def test_old_ssh_box_takes_old_algorithms_and_passwords(run: Run, at: At) -> None:
    old = ("-o", "KexAlgorithms=diffie-hellman-group1-sha1", "-o", "Ciphers=3des-cbc", "-o", "MACs=hmac-md5")
    said = run("ssh", *QUIET, *old, "-p", "20022", f"root@{at(19)}").stderr
    assert "kex: algorithm: diffie-hellman-group1-sha1" in said
    assert "cipher: 3des-cbc MAC: hmac-md5" in said
    assert "remote software version dropbear_2014.63" in said
    assert re.search(r"Permission denied \(.*\bpassword\b", said)


@pytest.mark.parametrize("host", [12, 20])
def test_new_ssh_servers_take_neither_old_algorithms_nor_passwords(run: Run, at: At, host: int) -> None:
    target = ("-p", "20022", f"root@{at(host)}")
    said = run("ssh", *QUIET, *target).stderr
    assert "kex: algorithm: curve25519-sha256" in said
    assert "Permission denied (publickey)" in said
    assert "no matching" in run("ssh", *QUIET, "-o", "KexAlgorithms=diffie-hellman-group14-sha1", *target).stderr


# Telnet


class Talk:
    """One telnet conversation over a bare socket: everything that came, commands left in."""

    def __init__(self, address: str, port: int = 20023) -> None:
        self._socket = socket.create_connection((address, port), timeout=10)
        self.heard = b""

    def until(self, text: bytes) -> bytes:
        while text not in self.heard:
            piece = self._socket.recv(4096)
            assert piece, f"it hung up after {self.heard!r}"
            self.heard += piece
        before, _, self.heard = self.heard.partition(text)
        return before

    def say(self, line: bytes) -> None:
        self._socket.sendall(line)

    def hangs_up(self) -> bool:
        while piece := self._socket.recv(4096):
            self.heard += piece
        return True

    def close(self) -> None:
        self._socket.close()


@pytest.mark.parametrize("end", [b"\r\n", b"\r\0", b"\n"])
def test_camera_telnet_takes_the_documented_login(at: At, end: bytes) -> None:
    talk = Talk(at(10))
    assert b"Acme IPCam telnetd\r\n" in talk.until(b"login: ")
    talk.say(b"\xff\xfb\x1f\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0admin" + end)
    talk.until(b"Password: ")
    talk.say(b"acme-1234" + end)
    talk.until(b"# ")
    talk.say(b"reboot" + end)
    assert talk.until(b"# ") == b"-sh: reboot: not found\r\n"
    talk.say(b"exit" + end)
    assert talk.hangs_up()
    talk.close()


def test_camera_telnet_hangs_up_after_three_wrong_logins(at: At) -> None:
    talk = Talk(at(10))
    for _ in range(3):
        talk.until(b"login: ")
        talk.say(b"admin\r\n")
        talk.until(b"Password: ")
        talk.say(b"wrong\r\n")
        talk.until(b"Login incorrect\r\n")
    assert talk.hangs_up()
    talk.close()


def test_the_real_telnet_client_sees_the_camera(at: At) -> None:
    if shutil.which("telnet") is None:
        pytest.skip("telnet is missing: apt install inetutils-telnet")
    # On a terminal: a client whose input ends at once may hang up before the camera has spoken.
    client = pexpect.spawn("telnet", [at(10), "20023"], timeout=20, encoding="utf-8")
    client.expect("Acme IPCam telnetd\r+\nlogin: ")
    client.close(force=True)


def test_tv_box_shows_a_shell_at_once(run: Run, at: At) -> None:
    assert run("curl", "-s", "-m5", f"telnet://{at(21)}:20023").stdout.endswith("# ")


# The debug bridge


def test_debug_bridge_greets_and_opens_nothing(at: At) -> None:
    def message(command: bytes, first: int, second: int, data: bytes) -> bytes:
        number = int.from_bytes(command, "little")
        return struct.pack("<6I", number, first, second, len(data), sum(data), number ^ 0xFFFFFFFF) + data

    with socket.create_connection((at(21), 25555), timeout=10) as bridge, bridge.makefile("rb") as heard:
        bridge.sendall(message(b"CNXN", 0x01000000, 4096, b"host::\0"))
        head = heard.read(24)
        assert head[:4] == b"CNXN"
        assert heard.read(struct.unpack("<I", head[12:16])[0]).startswith(b"device::ro.product.name=acme_box;")
        bridge.sendall(message(b"OPEN", 7, 0, b"shell:id\0"))
        assert heard.read(24)[:4] == b"CLSE"


# The tarpit


@pytest.mark.parametrize("port", [20022, 20080, 20443])
def test_tarpit_says_nothing_and_does_not_hang_up(at: At, port: int) -> None:
    with socket.create_connection((at(18), port), timeout=1) as caller:
        caller.sendall(b"GET / HTTP/1.0\r\n\r\n")
        with pytest.raises(TimeoutError):
            caller.recv(1)


# The truth


def test_every_device_listens_where_the_truth_says_and_nowhere_else(practice_network: LabState) -> None:
    devices = truth.load_truth(practice_network.prefix).devices
    assert tuple(d.address for d in devices) == practice_network.addresses
    for device in devices:
        found = set()
        for port in practice_network.ports.values():
            with socket.socket() as caller:
                if caller.connect_ex((device.address, port)) == 0:
                    found.add(f"tcp/{port}")
        assert found == {s for s in device.services if s.startswith("tcp/")}, device.title


def test_the_truth_names_services_that_the_device_has() -> None:
    for device in truth.load_truth().devices:
        claims = (*device.findings, *device.with_default_creds, *device.not_assessed)
        assert {c.service for c in claims} - {""} <= device.services.keys(), device.title


def test_the_documented_login_is_documented() -> None:
    folder = Path(truth.__file__).parent
    (record,) = read_records(folder / "credentials.yaml")
    assert record.name == "Acme IPCam 100"
    guide = folder.parents[1] / record.source
    (pair,) = yaml.safe_load((folder / "credentials.yaml").read_text())["records"][0]["pairs"]
    assert f"`{pair['user']}` | `{pair['password']}`" in guide.read_text()
