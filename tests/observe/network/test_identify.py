import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import anyio
import pytest

from iotscan.model.scope import Pace, Scope
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.failures import Refused
from iotscan.observe.network.identify import Identified, identify
from iotscan.observe.network.line import Line
from iotscan.observe.network.ports import FRAGILE, PORTS
from tests.observe.network.daemons import accepts, free_port, running, serving, tool
from tests.observe.network.webserver import make_certificate, nginx

PACE = Pace(attempts_per_second=2000, accepted_per_second=2000, connections=1000, conversation_timeout=6)
KINDS = {
    *("tls-endpoint", "certificate-chain", "http-server", "well-known", "update-server", "ssh-server"),
    *("hawkbit-server", "ota-interface", "mqtt-broker", "telnet-server", "adb-server", "default-login"),
    "opc-ua-server",
    *("disclosure", "web-api", "graphql-server", "websocket-server"),
}


def line(pace: Pace = PACE) -> Line:
    return Dialer(Scope(include=("127.0.0.0/8",), pace=pace)).line("127.0.0.1")


def ask(port: int, expected: str = "", *, on: Line | None = None) -> Identified:
    way = on or line()
    found = anyio.run(lambda: identify(way, port, expected=expected, listen=0.3))
    assert way.connections <= 6
    assert found.service.protocol == found.fact.protocol
    return found


def statuses(found: Identified) -> dict[str, AttemptStatus]:
    return {m.need: m.status for m in found.missed}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return make_certificate(tmp_path_factory.mktemp("identify"))


@pytest.mark.parametrize("expected", ["", "http", "https", "ssh", "mqtt", "adb", "rtsp"])
def test_nginx_in_the_clear(tmp_path: Path, expected: str) -> None:
    with nginx(tmp_path, "listen 127.0.0.1:PORT;") as port:
        found = ask(port, expected)
    assert found.service.protocol == "http"
    assert "HTTP/1.1" in found.service.how
    assert found.missed == ()


@pytest.mark.parametrize("expected", ["", "http", "https", "mqtts", "telnet"])
def test_nginx_behind_tls(tmp_path: Path, certificate: tuple[str, str], expected: str) -> None:
    key, cert = certificate
    with nginx(tmp_path, f"listen 127.0.0.1:PORT ssl; ssl_certificate {cert}; ssl_certificate_key {key};") as port:
        found = ask(port, expected)
    assert found.service.protocol == "https"
    assert found.missed == ()


def test_lighttpd(tmp_path: Path) -> None:
    port = free_port()
    config = tmp_path / "lighttpd.conf"
    config.write_text(f'server.document-root = "{tmp_path}"\nserver.port = {port}\nserver.bind = "127.0.0.1"\n')
    with running([tool("lighttpd", "lighttpd"), "-D", "-f", str(config)], lambda: accepts(port), cwd=tmp_path):
        assert ask(port).service.protocol == "http"


@contextmanager
def mosquitto(folder: Path, *lines: str) -> Iterator[int]:
    port = free_port()
    config = folder / "mosquitto.conf"
    config.write_text("\n".join((f"listener {port} 127.0.0.1", "user root", *lines)) + "\n")
    with running([tool("mosquitto", "mosquitto"), "-c", str(config)], lambda: accepts(port), cwd=folder):
        yield port


@pytest.mark.parametrize("expected", ["", "mqtt", "http", "mqtts"])
@pytest.mark.parametrize("anonymous", ["true", "false"])
def test_mosquitto_in_the_clear(tmp_path: Path, expected: str, anonymous: str) -> None:
    with mosquitto(tmp_path, f"allow_anonymous {anonymous}") as port:
        found = ask(port, expected)
    assert found.service.protocol == "mqtt"
    assert found.missed == ()


@pytest.mark.parametrize("expected", ["", "mqtts", "https"])
def test_mosquitto_behind_tls(tmp_path: Path, certificate: tuple[str, str], expected: str) -> None:
    key, cert = certificate
    with mosquitto(tmp_path, "allow_anonymous true", f"certfile {cert}", f"keyfile {key}") as port:
        assert ask(port, expected).service.protocol == "mqtts"


def test_mosquitto_that_wants_a_client_certificate(tmp_path: Path, certificate: tuple[str, str]) -> None:
    key, cert = certificate
    lines = (f"certfile {cert}", f"keyfile {key}", f"cafile {cert}", "require_certificate true")
    with mosquitto(tmp_path, "allow_anonymous true", *lines) as port:
        found = ask(port, "mqtts")
    assert found.service.protocol == "tls"
    assert statuses(found)["mqtt-broker"] is AttemptStatus.UNREADABLE


def test_mosquitto_with_pre_shared_keys_is_tls(tmp_path: Path) -> None:
    (tmp_path / "psk").write_text("sensor:0123456789abcdef\n")
    with mosquitto(tmp_path, "psk_hint h", f"psk_file {tmp_path / 'psk'}", "use_identity_as_username true") as port:
        found = ask(port)
    assert found.service.protocol == "tls"
    # What stands behind TLS stays open; the TLS itself is there to be asked.
    web = {"http-server", "well-known", "update-server", "hawkbit-server", "ota-interface"}
    web |= {"disclosure", "web-api", "graphql-server", "websocket-server"}
    assert set(statuses(found)) == {*web, "mqtt-broker", "default-login"}
    assert set(statuses(found).values()) == {AttemptStatus.UNREADABLE}


@pytest.mark.parametrize("expected", ["", "ssh", "http", "mqtt"])
def test_dropbear(tmp_path: Path, expected: str) -> None:
    port = free_port()
    subprocess.run([tool("dropbearkey", "dropbear-bin"), "-t", "ed25519", "-f", str(tmp_path / "key")], check=True)
    command = [tool("dropbear", "dropbear-bin"), "-F", "-E", "-r", str(tmp_path / "key"), "-p", f"127.0.0.1:{port}"]
    with running([*command, "-P", str(tmp_path / "pid")], lambda: accepts(port), cwd=tmp_path):
        found = ask(port, expected)
    assert found.service.protocol == "ssh"
    assert found.fact.banner.startswith("SSH-2.0-dropbear")


def test_openssh(tmp_path: Path) -> None:
    port = free_port()
    key = str(tmp_path / "key")
    subprocess.run([tool("ssh-keygen", "openssh-client"), "-q", "-N", "", "-t", "ed25519", "-f", key], check=True)
    Path("/run/sshd").mkdir(exist_ok=True)
    command = [tool("sshd", "openssh-server"), "-D", "-e", "-f", "/dev/null", "-h", key, "-p", str(port)]
    with running([*command, "-o", "ListenAddress=127.0.0.1"], lambda: accepts(port), cwd=tmp_path):
        assert ask(port).fact.banner.startswith("SSH-2.0-OpenSSH")


def test_busybox_telnetd(tmp_path: Path) -> None:
    port = free_port()
    command = [tool("busybox", "busybox"), "telnetd", "-F", "-b", f"127.0.0.1:{port}", "-l", "/bin/cat"]
    with running(command, lambda: accepts(port), cwd=tmp_path):
        assert ask(port).service.protocol == "telnet"


def test_openssl_server_that_reverses_lines_inside(tmp_path: Path, certificate: tuple[str, str]) -> None:
    key, cert = certificate
    port = free_port()
    command = [tool("openssl", "openssl"), "s_server", "-quiet", "-rev", "-key", key, "-cert", cert]
    with running([*command, "-accept", f"127.0.0.1:{port}"], lambda: accepts(port), cwd=tmp_path):
        found = ask(port)
    assert found.service.protocol == "tls"
    assert statuses(found)["http-server"] is AttemptStatus.ABSENT
    assert statuses(found)["mqtt-broker"] is statuses(found)["default-login"] is AttemptStatus.TIMED_OUT


@pytest.mark.parametrize(
    ("greeting", "expected", "protocol"),
    [
        (b"220 (vsFTPd 3.0.3)\r\n", "", "ftp"),
        (b"220 mail.example ESMTP\r\n", "", "smtp"),
        (b"220 ready\r\n", "ftp", "ftp"),
        (b"220 ready, and not very talkative\r\n", "", "unknown"),
        (b"\xff\xfd\x18\xff\xfd\x20", "", "telnet"),
        (b"Welcome\r\nbox login: ", "", "telnet"),
        (b"BusyBox v1.30 built-in shell (ash)\r\n\r\n/ # ", "", "telnet"),
        (b"RFB 003.008\n", "", "vnc"),
        (b"a line before\r\nSSH-2.0-odd\r\n", "", "ssh"),
    ],
)
def test_greetings(greeting: bytes, expected: str, protocol: str) -> None:
    with serving(talker(greeting)) as port:
        assert ask(port, expected).service.protocol == protocol


def talker(greeting: bytes) -> Callable[[socket.socket], None]:
    def talk(guest: socket.socket) -> None:
        guest.sendall(greeting)
        while guest.recv(4096):
            pass

    return talk


def test_adb_is_recognised_where_it_is_expected() -> None:
    def talk(guest: socket.socket) -> None:
        asked = guest.recv(24)
        if asked.startswith(b"CNXN"):
            magic = (int.from_bytes(b"AUTH", "little") ^ 0xFFFFFFFF).to_bytes(4, "little")
            guest.sendall(b"AUTH" + (1).to_bytes(4, "little") + bytes(4) + bytes(4) + bytes(4) + magic)
            guest.recv(4096)

    with serving(talk) as port:
        assert ask(port, "adb").service.protocol == "adb"


def test_rtsp_refuses_http_in_its_own_words() -> None:
    def talk(guest: socket.socket) -> None:
        while guest.recv(4096):
            guest.sendall(b"RTSP/1.0 400 Bad Request\r\nServer: Hipcam RealServer/V1.0\r\n\r\n")

    with serving(talk) as port:
        found = ask(port)
    assert found.service.protocol == "rtsp"
    assert found.fact.banner == "Hipcam RealServer/V1.0"


def swallow(guest: socket.socket) -> None:
    while guest.recv(4096):
        pass


def test_silence_is_a_timeout_of_everything() -> None:
    with serving(swallow) as port:
        found = ask(port)
    assert found.service.protocol == "unknown"
    assert set(statuses(found)) == KINDS
    assert {(m.status, m.reason) for m in found.missed} == {(AttemptStatus.TIMED_OUT, Reason.TIMEOUT)}


@pytest.mark.parametrize("expected", ["", "https"])
def test_a_drip_is_silence(expected: str) -> None:
    def drip(guest: socket.socket) -> None:
        with suppress(OSError):
            while True:
                guest.sendall(b"x")
                time.sleep(0.4)

    with serving(drip) as port:
        found = ask(port, expected)
    assert found.service.protocol == "unknown"
    assert set(statuses(found).values()) == {AttemptStatus.TIMED_OUT}


def test_a_close_without_a_word_is_unreadable() -> None:
    with serving(lambda guest: None) as port:
        found = ask(port)
    assert set(statuses(found)) == KINDS
    assert {(m.status, m.reason) for m in found.missed} == {(AttemptStatus.UNREADABLE, Reason.UNREADABLE)}


def test_a_reset_is_unreadable() -> None:
    def reset(guest: socket.socket) -> None:
        guest.recv(1)
        guest.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")

    with serving(reset) as port:
        found = ask(port)
    assert set(statuses(found).values()) == {AttemptStatus.UNREADABLE}


def test_an_answer_in_another_protocol_is_an_absence() -> None:
    def talk(guest: socket.socket) -> None:
        while guest.recv(4096):
            guest.sendall(b"E 17: I do not understand a word\n")

    with serving(talk) as port:
        found = ask(port)
    assert found.service.protocol == "unknown"
    assert set(statuses(found)) == KINDS
    assert set(statuses(found).values()) == {AttemptStatus.ABSENT}


def test_a_question_that_was_not_answered_stays_open_where_others_were() -> None:
    def talk(guest: socket.socket) -> None:
        if guest.recv(4096).startswith(b"GET"):
            guest.sendall(b"E 17: I do not understand a word\n")
        swallow(guest)

    with serving(talk) as port:
        seen = statuses(ask(port))
    assert seen["http-server"] is AttemptStatus.ABSENT
    assert seen["tls-endpoint"] is seen["mqtt-broker"] is seen["default-login"] is AttemptStatus.TIMED_OUT


def test_garbage_without_end_is_bounded() -> None:
    def flood(guest: socket.socket) -> None:
        with suppress(OSError):
            while True:
                guest.sendall(b"\x00\x01\x02\x03" * 4096)

    way = line()
    with serving(flood) as port:
        found = ask(port, on=way)
    assert found.service.protocol == "unknown"
    assert way.bytes_received < 512 * 1024


def test_a_spent_budget_leaves_the_rest_not_tried() -> None:
    way = line(Pace(attempts_per_second=2000, accepted_per_second=2000, connections=1, conversation_timeout=6))
    with serving(swallow) as port:
        seen = statuses(ask(port, on=way))
    assert seen["tls-endpoint"] is AttemptStatus.TIMED_OUT
    assert seen["http-server"] is seen["mqtt-broker"] is seen["default-login"] is AttemptStatus.NOT_TRIED


def test_a_short_conversation_clock_is_silence_not_an_error() -> None:
    way = line(Pace(attempts_per_second=2000, accepted_per_second=2000, connections=10, conversation_timeout=0.5))
    with serving(swallow) as port:
        found = ask(port, "https", on=way)
    assert set(statuses(found).values()) == {AttemptStatus.TIMED_OUT}


def test_a_closed_port_raises() -> None:
    with pytest.raises(Refused):
        ask(free_port())


def test_anonymous_session_is_ended_by_disconnect() -> None:
    said: list[bytes] = []

    def talk(guest: socket.socket) -> None:
        said.append(guest.recv(4096))
        guest.sendall(b"\x20\x02\x00\x00")
        while piece := guest.recv(4096):
            said.append(piece)

    with serving(talk) as port:
        assert ask(port, "mqtt").service.protocol == "mqtt"
    assert said[0][:8] == b"\x10\x0c\x00\x04MQTT"[:8]
    assert said[0].endswith(b"\x00\x00")
    assert said[1:] == [b"\xe0\x00"]


def test_tls_that_only_alerts() -> None:
    def talk(guest: socket.socket) -> None:
        guest.recv(4096)
        guest.sendall(b"\x15\x03\x01\x00\x02\x02\x28")

    with serving(talk) as port:
        found = ask(port)
    assert found.service.protocol == "tls"
    assert "alert 40" in found.service.how


def test_records_of_tls_are_tls_to_whatever_question() -> None:
    """Who gave no answer to our ClientHello in time is still no stranger to TLS."""

    def talk(guest: socket.socket) -> None:
        if guest.recv(4096)[:1] != b"\x16":
            guest.sendall(b"\x16\x03\x03\x00\x50" + bytes(range(80)))
        guest.recv(4096)

    with serving(talk) as port:
        found = ask(port)
    assert found.service.protocol == "tls"
    assert statuses(found)["http-server"] is not AttemptStatus.ABSENT


def test_hostile_banner_is_made_safe() -> None:
    with serving(talker(b"SSH-2.0-\x1b]0;owned\x07\xe2\x80\xae\r\n")) as port:
        found = ask(port)
    assert "\x1b" not in found.fact.banner + found.fact.how
    assert "\u202e" not in found.fact.banner + found.fact.how


def test_the_port_table() -> None:
    ports = [p.port for p in PORTS]
    assert len(ports) == len(set(ports)) >= 60
    assert not FRAGILE & set(ports)
    # No list of another tool brings up what programs a controller.
    assert {102, 502, 2455, 5007, 9600, 18245, 20547} <= FRAGILE
    assert all(p.reason for p in PORTS)


@pytest.mark.parametrize("expected", ["", "http"])
def test_nghttpd_speaks_http2_alone_and_leaves_the_web_open(tmp_path: Path, expected: str) -> None:
    port = free_port()
    with running([tool("nghttpd", "nghttp2-server"), "--no-tls", str(port)], lambda: accepts(port), cwd=tmp_path):
        way = line()
        found = ask(port, expected, on=way)
    assert (found.service.protocol, way.connections) == ("h2c", 1)
    assert statuses(found)["http-server"] == AttemptStatus.UNREADABLE
