"""Secrets in files as devices have them, and what only looks like one. The tokens are made up here."""

import base64
import hashlib
import hmac
import json
import random
import string
import subprocess
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.facts import EmbeddedSecret, EmbeddedSecrets
from iotscan.observe.image.inspector import Swept
from iotscan.observe.image.inspectors import secrets
from iotscan.observe.image.inspectors.secrets.sweeper import find_secrets
from iotscan.observe.image.readers.folder import FolderTree
from iotscan.observe.image.site import Place
from iotscan.observe.image.tree import Entry
from iotscan.wire.secret_forms.placeholders import is_random, stands_for_a_secret
from tests.observe.image.looking import a_root, heard_of
from tests.observe.network.daemons import tool

DRAWN = random.Random(7)  # the same secrets in every run


def drawn(length: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    return "".join(DRAWN.choice(alphabet) for _ in range(length))


def found_in(folder: Path) -> tuple[EmbeddedSecret, ...]:
    (fact,) = heard_of(secrets.INSPECTOR, FolderTree(folder)).facts
    assert isinstance(fact, EmbeddedSecrets)
    return fact.secrets


def brief(found: tuple[EmbeddedSecret, ...]) -> set[tuple[int, str, str]]:
    return {(s.line, s.group, s.form) for s in found}


AWS = "AKIA" + drawn(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
JWT = ".".join(
    base64.urlsafe_b64encode(part).rstrip(b"=").decode()
    for part in (b'{"alg":"HS256","typ":"JWT"}', b'{"sub":"gateway","iat":1700000000}', hashlib.sha256(b"x").digest())
)
B64_32, B64_64 = (base64.b64encode(hashlib.sha512(b"k").digest()[:n]).decode() for n in (32, 64))


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("opt/up.sh", f"#!/bin/sh\nexport AWS_ACCESS_KEY_ID={AWS}\n", (2, "service-token", "aws-access-key")),
        (
            "root/.aws/credentials",
            f"[default]\naws_secret_access_key = {drawn(40)}\n",
            (2, "service-token", "aws-secret-key"),
        ),
        ("opt/x.py", f"T = 'ghp_{drawn(36)}'\n", (1, "service-token", "github-token")),
        ("opt/ci.yml", f"a: glpat-{drawn(20)}\n", (1, "service-token", "gitlab-token")),
        ("opt/x.js", f"'xoxb-123456789012-{drawn(24)}'\n", (1, "service-token", "slack-token")),
        ("opt/x.json", f'{{"k": "AIza{drawn(35)}"}}\n', (1, "service-token", "google-api-key")),
        (
            "etc/iot.conf",
            f"cs=HostName=h.azure-devices.net;DeviceId=d;SharedAccessKey={B64_32}\n",
            (1, "service-token", "azure-iot-key"),
        ),
        (
            "opt/blob",
            f"DefaultEndpointsProtocol=https;AccountKey={B64_64}\n",
            (1, "service-token", "azure-storage-key"),
        ),
        ("root/.npmrc", f"//npm.example.org/:_authToken={uuid.UUID(int=7**44)}\n", (1, "service-token", "npm-token")),
        ("root/.docker/config.json", '{"auths": {"r": {"auth": "Z3c6czNjcjN0LTk5"}}}', (1, "password", "docker-login")),
        ("opt/token", JWT + "\n", (1, "bearer-token", "jwt")),
        ("opt/db.ini", "\nurl = postgres://gw:s3cr-7x@db.local/x\n", (2, "password", "url")),
        ("root/.netrc", "machine x.example\nlogin gw\npassword s3cr-7x\n", (3, "password", "netrc")),
        ("etc/ppp/chap-secrets", '# client server secret\ngw * "s3cr 7x" *\n', (2, "vpn", "ppp")),
        ("etc/ipsec.secrets", '# x\n%any %any : PSK "not so long"\n', (2, "vpn", "ipsec")),
        ("etc/snmp/snmpd.conf", "rocommunity public\nrwcommunity gw-ops-42 10.0.0.0/8\n", (2, "community", "snmp")),
        (
            "etc/wpa_supplicant/wpa_supplicant.conf",
            'network={\n  ssid="x"\n  psk="hinter dem Haus"\n}\n',
            (3, "wifi", "wpa"),
        ),
        ("etc/hostapd.conf", "ssid=x\nwpa_passphrase=hinterdemhaus\n", (2, "wifi", "wpa")),
        ("etc/config/wireless", "config wifi-iface\n\toption key 'hinterdemhaus'\n", (2, "wifi", "setting")),
        ("etc/mosquitto/bridge.conf", "connection x\nremote_password s3cr-7x\n", (2, "password", "setting")),
        ("etc/redis.conf", "requirepass s3cr-7x\n", (1, "password", "setting")),
        ("etc/agent.env", "A=1\nMQTT_PASSWORD=kaffee12\n", (2, "password", "setting")),
        ("etc/agent.json", '{\n  "mqtt": {"user": "x", "password": "kaffee12"}\n}', (2, "password", "setting")),
        ("etc/agent.yaml", "mqtt:\n  password: kaffee12\n", (2, "password", "setting")),
        ("opt/app.py", "user = 'x'\npassword = 'kaffee12'\n", (2, "password", "setting")),
        (
            "etc/init.d/pub",
            "#!/bin/sh\nmosquitto_pub -h b -p 8883 -u gw -P kaffee12 -t x\n",
            (2, "password", "command"),
        ),
        (
            "etc/systemd/system/a.service",
            f"[Service]\nEnvironment=API_TOKEN={drawn(32)}\n",
            (2, "service-token", "setting"),
        ),
        ("etc/NetworkManager/system-connections/w", "[wifi-security]\npsk=hinterdemhaus\n", (2, "wifi", "setting")),
    ],
)
def test_a_secret_in_its_place(tmp_path: Path, path: str, text: str, expected: tuple[int, str, str]) -> None:
    a_root(tmp_path, {path: text})
    found = found_in(tmp_path)
    assert brief(found) == {expected}
    assert found[0].path == f"/{path}"


NOTHING = """
password = changeme
password=
password: ${MQTT_PASSWORD}
mqtt_password = <password>
DB_PASSWORD="$(cat /run/secrets/db)"
api_token = xxxxxxxxxxxxxxxx
api_key: YOUR_API_KEY
# password = kaffee12
; password = kaffee12
// password = "kaffee12"
password_file = /etc/mosquitto/passwd
PasswordAuthentication no
password = %(password)s
token = {{ token }}
secret = @SECRET@
root_password = $6$abcdefgh$0123456789abcdef0123456789abcdef
password required
secret_name = mqtt-tls
next_token = NextToken
url = https://user:${PASS}@host/
url = http://user:password@host/
url = mqtt://broker.example.com:8883/a@b
passwd: files systemd
"""


def test_placeholders_are_silent(tmp_path: Path) -> None:
    a_root(
        tmp_path,
        {"etc/app.conf": NOTHING, "opt/app.sh": "#!/bin/sh\n" + NOTHING, "etc/nsswitch.conf": "passwd: files\n"},
    )
    assert found_in(tmp_path) == ()


def test_what_is_random_and_no_secret_is_silent(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"x").hexdigest()
    lines = [
        f"{digest}  /usr/bin/x",
        f"commit = {hashlib.sha1(b'x').hexdigest()}",
        f"machine-id={uuid.UUID(int=5**55)}",
        f"SHA256={digest}",
        f'integrity: "sha512-{B64_64}"',
        f"known_hosts ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{drawn(43)}",
        f"public_key = {B64_32}",
        f"etag: {digest[:32]}",
        f"AKIA{'EXAMPLE'.rjust(16, 'A')}",
    ]
    cert = subprocess.run(
        f"{tool('openssl', 'openssl')} req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
        " -keyout /dev/null -subj /CN=x".split(),
        capture_output=True,
        check=True,
    ).stdout
    a_root(
        tmp_path, {"etc/sums": "\n".join(lines), "etc/ssl/cert.pem": cert, "etc/passwd": "root:x:0:0::/root:/bin/sh\n"}
    )
    assert found_in(tmp_path) == ()


def test_programs_of_others_and_manuals(tmp_path: Path) -> None:
    """What a library calls its variables says nothing; a token says it wherever it stands."""
    a_root(
        tmp_path,
        {
            "usr/lib/python3/dist-packages/x.py": "password = 'kaffee12'\nurl = 'http://a:kaffee12@h'\n",
            "usr/lib/python3/dist-packages/y.py": f"key = '{AWS}'\n",
            "usr/share/doc/x/README": f"password = kaffee12 {AWS}\n",
            "usr/bin/x": b"\x7fELF\0\0password=kaffee12\n",
            "opt/app/tests/login.env": "PASSWORD=kaffee12\n",
        },
    )
    assert {(s.path, s.in_documentation) for s in found_in(tmp_path)} == {
        ("/usr/lib/python3/dist-packages/y.py", False),
        ("/opt/app/tests/login.env", True),
    }


def test_nothing_of_a_secret_is_told(tmp_path: Path) -> None:
    a_root(tmp_path, {"opt/a.sh": f"export T={AWS}\n", "etc/b.conf": "password = kaffee12\n"})
    found = {s.form: s for s in found_in(tmp_path)}
    assert found["aws-access-key"].sha256_prefix == hashlib.sha256(AWS.encode()).hexdigest()[:8]
    # The hash of what can be guessed tells it.
    assert (found["setting"].sha256_prefix, found["setting"].length) == ("", 8)
    assert AWS[4:] not in repr(found)
    assert "kaffee12" not in repr(found)


def test_many_secrets_are_cut_off_and_said_so(tmp_path: Path) -> None:
    files = {f"etc/{n}.conf": "\n".join(f"password = kaffee{k:02}" for k in range(30)) for n in range(26)}
    tree = a_root(tmp_path, files)
    (fact,) = heard_of(secrets.INSPECTOR, tree).facts
    assert isinstance(fact, EmbeddedSecrets)
    assert (len(fact.secrets), fact.is_cut_off) == (500, True)


@pytest.mark.parametrize("value", [b"$6$salt$0123456789", b"aaaaaaaa", b"/etc/passwd", b"get_password()", b"my-secret"])
def test_what_stands_for_a_secret(value: bytes) -> None:
    assert stands_for_a_secret(value)


def test_drawn_and_thought_of() -> None:
    assert is_random(drawn(32).encode())
    assert not is_random(b"correct horse battery staple")
    assert not is_random(b"kaffee12")


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> FolderTree:
    return a_root(tmp_path_factory.mktemp("empty"))


@given(
    start=st.sampled_from(
        (b"", b"password=", b"option key '", b"eyJ", b"x://a:", b'"auth": "', b"machine x password ", b"sshpass -p ")
    ),
    text=st.binary(max_size=200),
    path=st.sampled_from(("/etc/a.conf", "/opt/a.py", "/root/.netrc", "/etc/ppp/chap-secrets", "/etc/ipsec.secrets")),
)
def test_any_bytes(empty: FolderTree, start: bytes, text: bytes, path: str) -> None:
    content = start + text
    entry = Entry(path=path, kind="file", size=len(content))
    place = Place(path="", format="folder", role="root")
    list(find_secrets(Swept(place=place, tree=empty, entry=entry, data=content)))


def test_what_a_token_says_of_itself_is_kept_and_not_the_token(tmp_path: Path) -> None:
    head, claims = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in ({"alg": "HS256"}, {"iss": "acme", "iat": 1_700_000_000, "exp": 2_015_360_000})
    )
    signature = hmac.new(b"changeme", head + b"." + claims, "sha256").digest()
    text = b".".join((head, claims, base64.urlsafe_b64encode(signature).rstrip(b"="))).decode()
    a_root(tmp_path, {"etc/agent.env": f"A=1\nAPI_TOKEN={text}\n"})
    (found,) = found_in(tmp_path)
    assert found.token is not None
    assert (found.line, found.token.issuer, found.token.guessed_key) == (2, "acme", "a common word")
    assert found.token.lifetime.value == 315_360_000
    assert text[:40] not in repr(found)
    assert "changeme" not in repr(found)
