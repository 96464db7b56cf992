"""Servers that files of a device name, and clients that are told not to check them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.facts import Backends, VerificationSwitches
from iotscan.observe.image.inspectors import backends
from iotscan.observe.image.inspectors.backends.names import find_in_program, find_names, is_backend
from iotscan.observe.image.inspectors.backends.switches import find_nested, find_pins, find_switch
from iotscan.observe.image.readers.folder import FolderTree
from tests.observe.image.looking import a_root, heard_of


def facts_of(root: Path) -> tuple[Backends, VerificationSwitches]:
    inventory, switches = heard_of(backends.INSPECTOR, FolderTree(root)).facts
    assert isinstance(inventory, Backends)
    assert isinstance(switches, VerificationSwitches)
    return inventory, switches


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (
            "opt/agent.conf",
            "# x\nbroker=mqtts://gw:pw@broker.acme.io:8883/a\n",
            ("broker.acme.io", "mqtts", 8883, "broker", 2),
        ),
        ("etc/mosquitto/conf.d/b.conf", "connection x\naddress b.acme.io:8883\n", ("b.acme.io", "", 8883, "broker", 2)),
        ("etc/mender/mender.conf", '{"ServerURL": "https://m.acme.io"}', ("m.acme.io", "https", 0, "update", 1)),
        (
            "etc/rauc-hawkbit-updater/config.conf",
            "[client]\nhawkbit_server = h.acme.io:8443\n",
            ("h.acme.io", "", 8443, "update", 2),
        ),
        ("etc/chrony/chrony.conf", "pool 2.debian.pool.ntp.org iburst\n", ("2.debian.pool.ntp.org", "", 0, "time", 1)),
        (
            "etc/config/system",
            "config timeserver 'ntp'\n\tlist server '0.openwrt.pool.ntp.org'\n",
            ("0.openwrt.pool.ntp.org", "", 0, "time", 2),
        ),
        (
            "etc/opkg/distfeeds.conf",
            "src/gz a https://downloads.openwrt.org/x\n",
            ("downloads.openwrt.org", "https", 0, "update", 1),
        ),
        (
            "etc/agent.env",
            "EP=a1b2c3d4e5f6g7-ats.iot.eu-west-1.amazonaws.com\n",
            ("a1b2c3d4e5f6g7-ats.iot.eu-west-1.amazonaws.com", "", 0, "iot-platform", 1),
        ),
        ("opt/x.py", "H = 'hub7.azure-devices.net'\n", ("hub7.azure-devices.net", "", 0, "iot-platform", 1)),
        (
            "usr/bin/agent",
            b"\x7fELF\0\0https://api.acme.io/v1\0hub7.azure-devices.net\0",
            ("hub7.azure-devices.net", "", 0, "iot-platform", 0),
        ),
        ("opt/bin/agent", b"\x7fELF\0\0https://api.acme.io/v1\0", ("api.acme.io", "https", 0, "web", 0)),
        ("usr/sbin/report", "#!/bin/sh\ncurl -s https://api.acme.io/x\n", ("api.acme.io", "https", 0, "web", 2)),
        ("opt/ip.conf", "url = http://8.8.8.8/x\n", ("8.8.8.8", "http", 0, "web", 1)),
    ],
)
def test_a_server_in_its_place(
    tmp_path: Path, path: str, text: str | bytes, expected: tuple[str, str, int, str, int]
) -> None:
    a_root(tmp_path, {path: text})
    inventory, _ = facts_of(tmp_path)
    assert [(b.host, b.scheme, b.port, b.kind, b.line) for b in inventory.backends] == [expected]
    assert "pw" not in repr(inventory)


def test_what_is_nobodys_back_end(tmp_path: Path) -> None:
    quiet = """
# url = https://api.acme.io/x
url = http://localhost:8080/
url = http://192.168.1.1/
url = http://gateway.local/
url = https://broker.example.com
xmlns = "http://www.w3.org/2000/svg"
Documentation=https://systemd.io/x
server_name_file = /etc/x.conf
host = index.html
"""
    a_root(
        tmp_path,
        {
            "etc/app.conf": quiet,
            "usr/lib/python3/dist-packages/x.py": "U = 'https://api.acme.io'\n",
            "usr/share/doc/x/README": "https://api.acme.io",
            "usr/bin/tool": "#!/usr/bin/perl\nsee https://acme.io/manual\n",
            "usr/lib/libx.so.1": b"\x7fELF\0https://api.acme.io\0",
        },
    )
    assert facts_of(tmp_path)[0].backends == ()


OFF = [
    "curl -k https://x/",
    "curl -fsSLk https://x/",
    "curl --insecure -o /tmp/x https://x/",
    "wget -q --no-check-certificate https://x/",
    "mosquitto_pub -h b --cafile c --insecure -t x",
    "bridge_insecure true",
    "const o = { rejectUnauthorized: false };",
    "Environment=NODE_TLS_REJECT_UNAUTHORIZED=0",
    "requests.get(url, verify=False)",
    "ctx.verify_mode = ssl.CERT_NONE",
    "client.tls_insecure_set(True)",
    "tls.Config{InsecureSkipVerify: true}",
    '"SkipVerify": true,',
    "ssl_verify = false",
    "'verify_peer' => false,",
    "curl_setopt($c, CURLOPT_SSL_VERIFYPEER, false);",
    "TLS_REQCERT never",
    "insecure_skip_verify = true",
    "  verify = 0",
    "GIT_SSL_NO_VERIFY=true",
]
ON = [
    "curl -sS https://x/",
    "curl -o k https://x/-k",
    "curl -K /etc/curlrc https://x/",
    "wget -q https://x/",
    "mosquitto_pub -h b --cafile c -t x",
    "bridge_insecure false",
    "rejectUnauthorized: true",
    "requests.get(url, verify=True)",
    "requests.get(url, verify=CA)",
    '"SkipVerify": false',
    "ssl_verify = true",
    "verify = 2",
    "TLS_REQCERT demand",
    "echo 'never use curl -k'",
    "x=1 # curl -k is bad",
    "gzip -k file",
    "ssl_verify_depth = 0",
]


@pytest.mark.parametrize("line", OFF)
def test_a_check_that_is_switched_off(line: str) -> None:
    assert find_switch(line.encode())


@pytest.mark.parametrize("line", ON)
def test_a_check_that_is_on(line: str) -> None:
    assert find_switch(line.encode()) is None


def test_where_switches_count(tmp_path: Path) -> None:
    script = "#!/bin/sh\n# curl -k https://x/\n\ncurl -u gw:s3cr-7x -k https://x/\n"
    a_root(
        tmp_path,
        {
            "etc/init.d/agent": script,
            "opt/agent/examples/up.sh": script,
            "usr/share/doc/x/up.sh": script,
            "usr/lib/python3/dist-packages/x.py": "verify=False\n",
        },
    )
    _, switches = facts_of(tmp_path)
    assert {(s.path, s.line, s.in_documentation) for s in switches.switches} == {
        ("/etc/init.d/agent", 4, False),
        ("/opt/agent/examples/up.sh", 4, True),
    }
    assert {s.setting for s in switches.switches} == {"curl -k"}, "not what stands between"


def test_pins() -> None:
    assert list(find_pins(b"bridge_cafile /etc/ssl/acme.pem")) == [(b"bridge_cafile", b"/etc/ssl/acme.pem")]
    assert list(find_pins(b'"ServerCertificate": "/etc/mender/server.crt"'))
    assert list(find_pins(b"curl --pinnedpubkey sha256//" + b"A" * 43 + b"= https://x"))
    assert not list(find_pins(b"ca_file = /etc/ssl/certs/ca-certificates.crt"))


@pytest.mark.parametrize(
    ("host", "is_one"), [("api.acme.io", True), ("10.0.0.1", False), ("a.local", False), ("x.conf", False)]
)
def test_whose_server(host: str, is_one: bool) -> None:
    assert is_backend(host) is is_one


@given(st.sampled_from((b"", b"https://", b"server=", b"curl ", b"verify")), st.binary(max_size=200))
def test_any_bytes(start: bytes, text: bytes) -> None:
    line = start + text
    list(find_names(line, "/etc/mosquitto/x.conf"))
    list(find_in_program(line, is_own=True))
    list(find_pins(line))
    find_switch(line)


@pytest.mark.parametrize(
    ("text", "is_switch"),
    [
        ("tls:\n  ca: x\n  verify: false\n", True),
        ('{\n  "ssl": {\n    "verify": false,\n', True),
        ("  mqtts:\n    deep:\n      a: 1\n    verify: no  # for now\n", True),
        ("email:\n  verify: false\n", False),
        ("tls:\n  ca: x\nverify: false\n", False),
        ("tls:\n  checks:\n    verify: false\n", False),
        ("tls:\n  verify: true\n", False),
    ],
)
def test_a_switch_below_its_section(text: str, is_switch: bool) -> None:
    data = text.encode()
    start = data.rindex(b"\n", 0, len(data) - 1) + 1
    assert (find_nested(data, start, data[start:-1]) is not None) is is_switch
