"""What is hidden in the texts of devices and images, and what stays readable."""

import time
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.assess.registry import load_checks
from iotscan.model.answer import Answer
from iotscan.model.facts import Challenge, HttpServer, SshServer, TelnetServer
from iotscan.model.observation import observe
from iotscan.model.redaction import Hiding, hide_secrets, without_secrets
from iotscan.model.subject import Subject
from iotscan.model.text import safe_text
from iotscan.wire.tls.suite_names import TABLE

SAID_IN_EARNEST = (
    "password=hunter2",
    "Password: hunter2x",
    "the password is hunter2x!",
    "Your password was reset to: Tuesday7",
    'psk="my wifi key 1"',
    "ssid=Home psk=0123abc",
    "psk=" + "ab" * 32,
    "wpa_passphrase=correct horse battery staple key_mgmt=WPA-PSK",
    "wpa_passphrase=may all be well",
    "Authorization: Basic YWRtaW46aHVudGVyMg==",
    'Authorization: Digest username="a", response="deadbeef"',
    "Proxy-Authorization: Bearer abc",
    "Basic YWRtaW46aHVudGVyMg==",
    "bearer abcdef1234567890",
    "Set-Cookie: FOO=abcdef; Path=/; HttpOnly",
    "Cookie: a=b; theme=dark",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdef",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIi…",
    "AKIAIOSFODNN7EXAMPLE",
    "ghp_abcdefghijklmnopqrst123456",
    "-----BEGIN RSA PRIVATE KEY----- MIIabc def -----END RSA PRIVATE KEY-----",
    "-----BEGIN OPENSSH PRIVATE KEY----- b3BlbnNzaC1r…",
    "mqtt://user:p@ss/w0rd@host:1883/x",
    "https://feed:s3cret@pkg.example/x",
    "https://ghtoken123456@git.example/x",
    "https://user:passw…",
    "/login?token=abc&next=/home",
    "/a;jsessionid=ABC123DEF",
    "/callback?code=4%2F0AX4XfWh",
    "https://blob.example/x?se=1&sig=ab%2Bcd",
    "/fw.bin?X-Amz-Signature=abcdef0123456789",
    "/fw.bin?jwt=abcdef.0123456789",
    '{"password": "abc def", "x": 1}',
    '{\\"password\\":\\"abc\\"}',
    "password%3Dabc%40d",
    "password&#61;abc",
    "<password>abc</password>",
    '<input name="password" type="hidden" value="abc">',
    "Default: admin/1234",
    "Default Name:admin Password:1234",
    "rocommunity s3cret",
    "snmp-server community s3cret RO",
    "community=s3cret",
    "WIFI:T:WPA;S:net;P:hunter2;;",
    "root:$6$salt$abcdefghij:1:0",
    "root:abJnggxhB/yWI:10933:0:99999:7:::",
    "userPassword: {SSHA}DkMTwBl+a/3DQTxCYEApdUtNXGgdUac3",
    "option key 'hunter2'",
    "mosquitto_pub --password hunter2 -t x",
    "curl -u admin:hunter2 http://x",
    "uadiscover -u opc.tcp://operator:hunter2@192.0.2.7:4840",
    "api_key=XYZ",
    "X-Api-Key: 12345abc",
    "AccountName=x;AccountKey=abc/def==",
    "dbPass=foo1",
    "MQTT_PASSWORD=foo",
    "WPS PIN: 12345678",
    "password hunter22",
    "machine x login y password y2",
    "requirepass hunter2",
    "Kennwort: Zx81spec",
    "Mot de passe : Zx81spec",
    "contraseña: Zx81spec",
    "senha=Zx81spec",
    "hasło: Zx81spec",
    "пароль: Zx81spec",
    "密码：Zx81spec",
    "パスワード: Zx81spec",
    "비밀번호: Zx81spec",
    "Passwort lautet Zx81spec",
    "WLAN-Schlüssel: Zx81spec",
    "Clé WPA: Zx81spec",
    "user=admin pw=Zx81spec",
    "root_pw: Zx81spec",
    "telnetpass=Zx81spec",
    "MYSQL_PASSWORD_ROOT=x PASSWORD_ADMIN=Zx81spec",
    "passkey=Zx81spec",
    "pass phrase: Zx81spec",
    "username admin password 7 0822455D0A16",
    "enable secret 5 Zx81spec",
    "radius-server key Zx81spec",
    "createUser admin SHA Zx81spec AES",
    "wpa-psk ascii 0 Zx81spec",
    '<input value="Zx81spec" name="password">',
    '<param name="password">Zx81spec</param>',
    '<password value="Zx81spec"/>',
    "<key>password</key><string>Zx81spec</string>",
    "password\\u003dZx81spec",
    "password\\x3dZx81spec",
    "admin:Zx81spec@192.0.2.7",
    "/cgi-bin/luci/;stok=Zx81spec/admin",
    "snmp community string: Zx81spec",
    "AES key: 00112233445566778899aabbccddeeff",
    "AppSKey 00112233445566778899AABBCCDDEEFF",
    "pre-shared key Zx81spec",
    "Unlock code: Zx81spec",
    "Activation Key: Zx81spec",
    "pairing code 123456",
    "HomeKit 111-22-333",
    "PUK: 12345678",
    "Authorization: Zx81spec7",
)
HARMLESS = (
    "/etc/passwd: Permission denied",
    "lines of /etc/passwd: more than 2,000",
    "/etc/ipsec.secrets: damaged",
    "/etc/wifi/psk: there is no such file",
    "",
    "Password reset",
    "Login password required",
    "Please enter password: ",
    "login: Password:",
    "Password: Login incorrect login:",
    "Password policy: 8 characters",
    "Forgot password? Reset it here",
    "password SHA512 hash",
    "https://idp.example/oauth/token",
    "token_endpoint: https://idp.example/oauth/token",
    "token_type=bearer",
    "/etc/ssl/private/key.pem",
    "private_key=/etc/ssl/private/key.pem",
    "ssl_key: server.key",
    "a" * 64,
    "sha256: " + "ab12" * 16,
    "SHA256:abcDEF123/xyz+",
    "Host key: SHA256:abcDEF123",
    "http://192.0.2.1:8080/login",
    "http://[2001:db8::1]:80/x",
    "http://updates.example:8080/fw.bin?version=1.2",
    'Basic realm="x"',
    "Basic information2 page",
    "Bearer authentication",
    "lighttpd/1.4.55",
    "Apache/2.4.57 (Unix) OpenSSL/3.0",
    "OpenSSH_9.2p1 Debian-2+deb12u3",
    "pass: 12, fail: 3",
    "TLSv1.2 TLS_PSK_WITH_AES_128_CBC_SHA; PSK TLS_RSA_PSK_WITH_AES_128_CBC_SHA",
    "openssl s_client -psk 00 -cipher 'ECDHE:DHE:kECDHEPSK:kDHEPSK:!eNULL:@SECLEVEL=0' </dev/null",
    "openssl s_client -psk 00 -cipher 'PSK:kRSAPSK:@SECLEVEL=0' -tls1_2",
    "openssl s_client -cipher 'ALL:PSK:!aNULL'",
    "snmpget -v2c -c public 192.0.2.7 sysDescr.0",
    "community: public",
    "max-age=31536000; includeSubDomains",
    "curl -u user:PASSWORD http://x",
    "uadiscover -u opc.tcp://192.0.2.7:4840",
    "uadiscover -u 'opc.tcp://[2001:db8::7]:4840/plant'",
    "curl -u user:PASSWORD_FROM_THE_DOCUMENT http://x",
    "ffprobe rtsp://admin:PASSWORD_FROM_THE_DOCUMENT@192.0.2.7:554/live",
    "ffprobe 'rtsp://iotscan-made-up:PASSWORD_OF_NOBODY@[2001:db8::7]:554/live'",
    "Session: expired",
    "Router login: admin",
    "user/agent2.0",
    "Linux gw 5.10.0 #1 SMP armv7l",
    "bypass=1 compass: N5E2aa",
    "Passwort: erforderlich",
    "Password: requis",
    "Password: obbligatoria",
    "Password: (6-32 characters)",
    "Password: 8-32 chars",
    "passphrase: 8 to 63 characters",
    "Password: min. 8 characters",
    "Password: Access denied",
    "Password: timeout expired!",
    "Password:\\xff\\xfb\\x01",
    "Password: \\x1b[0m",
    "Default password: printed on the back",
    "Default user: admin",
    "the token is invalid_grant",
    "Security Key: WPA2",
    "PSK=SHA256",
    "psk: PSK-AES128-CBC-SHA",
    "Encryption Key: RSA-2048",
    "Account key: secp256r1",
    "Network Key: Open",
    "session: 600s",
    "max_tokens=4096",
    "Self test pass: 12/12",
    "Pin=GPIO13",
    "/index.php?key=menu",
    "/home?code=utf8",
    "passwd: files systemd",
    'WWW-Authenticate; Authorization: Basic realm="x"',
    'docker run -v "$PWD:/work" iotscan',
    "a pre-shared key: who learns it reads all",
    "default-credentials: tcp/443",
    "/cgi-bin/luci/;stok=/login",
    "Accounts: root:x:0",
)


@pytest.mark.parametrize("text", SAID_IN_EARNEST)
def test_a_secret_with_a_form_is_hidden(text: str) -> None:
    assert "***" in hide_secrets(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_speaks_of_secrets_stays(text: str) -> None:
    assert hide_secrets(text) == text


def test_what_stands_around_a_secret_stays() -> None:
    assert hide_secrets("https://feed:s3cret@pkg.example/x") == "https://feed:***@pkg.example/x"
    assert hide_secrets("/login?token=abc&next=/home") == "/login?token=***&next=/home"
    assert hide_secrets("a -----BEGIN EC PRIVATE KEY-----x-----END EC PRIVATE KEY----- b") == "a (ec private key ***) b"
    assert hide_secrets("Set-Cookie: ID=1; Path=/") == "Set-Cookie: ID=***; Path=/"


def test_every_part_of_a_value_goes() -> None:
    for value in ("it's", "a&b", "a;b", "a,b", "p<q", "end!", "a=b", "x)y", "a\\b"):
        assert hide_secrets(f"password={value} more") == "password=*** more"


def test_a_secret_is_hidden_where_it_is_said_again() -> None:
    hiding = Hiding()
    assert hiding.text("password: Zx81-spectrum") == "password: ***"
    assert hiding.text("we ship with Zx81-spectrum on the label") == "we ship with *** on the label"
    assert hiding.text("Zx81-spectrum") == "Zx81-spectrum", (
        "a whole field may be a word of ours: only prose is searched"
    )
    assert Hiding().text("we ship with Zx81-spectrum") == "we ship with Zx81-spectrum"


def test_a_device_cannot_take_our_words_away() -> None:
    hiding = Hiding()
    for word in ("TLSv1.0", "sha256", "md5", "TLSv1.2", "ssh-rsa", "complete", "192.0.2.7", "1024 bits"):
        hiding.text(f"password={word}")
    assert hiding.text("accepts TLSv1.0 with md5 and sha256 on 192.0.2.7") == (
        "accepts TLSv1.0 with md5 and sha256 on 192.0.2.7"
    )


def test_an_observation_holds_no_secret_and_is_named_after_what_it_holds() -> None:
    def made(password: str) -> HttpServer:
        return HttpServer(
            tls=False,
            status=200,
            title=f"we use {password} here",
            location=f"/x?token={password}",
            challenges=(Challenge(scheme="basic", realm=f"password={password}"),),
        )

    subject = Subject(device="dev-1", address="192.0.2.1", service="tcp/80")
    first = observe(made("Zx81-spectrum"), subject, probe="http/1", excerpt="psk=Zx81-spectrum")
    assert "Zx81" not in msgspec.json.encode(first).decode()
    assert first.id == observe(made("Zx82-spectrum"), subject, probe="http/1").id


def test_facts_without_secrets_stay_the_same_object() -> None:
    fact = SshServer(protocol="2.0", software="OpenSSH_9.2", kex=("a", "b"), host_keys=Answer.of(()))
    assert without_secrets(fact) is fact
    banner = TelnetServer(banner="password=hunter2", asks="login")
    assert without_secrets(banner) == TelnetServer(banner="password=***", asks="login")


def test_our_own_words_are_never_hidden() -> None:
    for check in load_checks(()).checks:
        assert without_secrets(check.info) is check.info, check.info.id
    for name in (line.split()[1] for line in TABLE.strip().splitlines()):
        assert hide_secrets(f"PSK {name}; key {name}") == f"PSK {name}; key {name}"


_PIECES = (
    *(
        "password",
        "passphrase",
        "psk",
        "token",
        "key",
        "secret",
        "api_key",
        "pass",
        "Cookie",
        "Authorization",
        "session",
    ),
    *(
        "=",
        ":",
        " ",
        "  ",
        " is ",
        '"',
        "'",
        "&",
        ";",
        ",",
        "<",
        ">",
        "@",
        "://",
        "http",
        "\\",
        "%3D",
        "&#61;",
        "/",
        "…",
    ),
    *("***", "Basic ", "Bearer ", "eyJ", "a1b2c3d4e5", "hunter2", "-----BEGIN ", "PRIVATE KEY-----", "-----END", "$6$"),
    *(
        "admin",
        "YWRtaW46eA==",
        "value=",
        "--password",
        "-u ",
        "root:",
        "abJnggxhB/yWI",
        ":1:",
        "WIFI:",
        "P:",
        "P;",
        "none",
    ),
)
_said = st.lists(st.sampled_from(_PIECES) | st.text(max_size=4), max_size=14).map("".join)


@given(_said)
def test_hiding_twice_is_hiding_once(text: str) -> None:
    once = hide_secrets(text)
    assert hide_secrets(once) == once


@given(st.text(max_size=400))
def test_no_text_is_too_much(text: str) -> None:
    hide_secrets(text)


@given(st.binary(max_size=32), st.integers(0, 5))
def test_hashes_stay(raw: bytes, words: int) -> None:
    text = "seen " * words + raw.hex()
    assert hide_secrets(text) == text


@given(
    st.sampled_from(["password", "psk", "api_key", "token"]),
    st.from_regex(r"[A-Za-z0-9_/+.-]{4,30}[!0-9]", fullmatch=True),
)
def test_a_value_beside_its_keyword_never_shows(key: str, value: str) -> None:
    hidden = hide_secrets(safe_text(f'x {key}="{value}" y'))
    assert value not in hidden or hidden == f'x {key}="{value}" y'


def _nuisances() -> Iterator[str]:
    yield from (
        "password=",
        "password='x",
        'password="',
        "a",
        "a.",
        "eyJ",
        "eyJa.",
        "://",
        "a://b:",
        "a://b:c",
        "passphrase=a b ",
    )
    yield from (
        "-----BEGIN RSA PRIVATE KEY-----",
        "cookie: a",
        "cookie: a=b;",
        "password ",
        "$6$",
        "root:",
        "WIFI:a;",
        "a=",
    )
    yield from (
        "token&quot;",
        "<password",
        "<password ",
        'password" ',
        "Basic aaaa",
        "--password=",
        "login x password ",
    )


@pytest.mark.parametrize("piece", list(_nuisances()))
def test_time_grows_with_the_length(piece: str) -> None:
    def spent(size: int) -> float:
        text = (piece * (size // len(piece) + 1))[:size]
        taken = []
        for _ in range(3):
            before = time.process_time()
            hide_secrets(text)
            taken.append(time.process_time() - before)
        return min(taken)

    # Sixteen times the text: 16 when linear, 256 when quadratic.
    assert spent(16 * 1024) < 64 * max(spent(1024), 0.0005)
