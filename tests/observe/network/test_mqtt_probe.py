import socket
import subprocess
import threading
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import anyio
import msgspec
import pytest

from iotscan.assess.check import Verdict
from iotscan.model.answer import Unanswered
from iotscan.model.facts import MqttBroker
from iotscan.model.scope import Grants, Scope
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.identify import identify
from iotscan.observe.network.probe import Heard
from iotscan.observe.network.probes.mqtt import PROBE
from iotscan.wire import mqtt
from tests.observe.network.daemons import PACE, accepts, door, free_port, running, serving, tool
from tests.observe.network.shown import is_shown, verdicts
from tests.observe.network.webserver import make_certificate


def ask(port: int, protocol: str = "mqtt") -> Heard:
    return anyio.run(PROBE.ask, door(port, protocol))


@contextmanager
def mosquitto(folder: Path, *lines: str) -> Iterator[int]:
    program, port = tool("mosquitto", "mosquitto"), free_port()
    config = folder / "mosquitto.conf"
    config.write_text("\n".join((f"listener {port} 127.0.0.1", "persistence false", "user root", *lines)) + "\n")
    with running([program, "-c", str(config)], lambda: accepts(port), cwd=folder):
        yield port


def passwords(folder: Path, user: str, password: str) -> str:
    path = folder / "passwords"
    subprocess.run([tool("mosquitto_passwd", "mosquitto"), "-b", "-c", str(path), user, password], check=True)
    return str(path)


def test_anonymous_broker(tmp_path: Path) -> None:
    with mosquitto(tmp_path, "allow_anonymous true") as port:
        (fact,) = ask(port).facts
    assert isinstance(fact, MqttBroker)
    assert (fact.tls, fact.anonymous.value, fact.return_code) == (False, True, 0)


def test_broker_with_passwords(tmp_path: Path) -> None:
    with mosquitto(tmp_path, "allow_anonymous false", f"password_file {passwords(tmp_path, 'u', 'p')}") as port:
        (fact,) = ask(port).facts
    assert isinstance(fact, MqttBroker)
    assert (fact.anonymous.value, fact.return_code) == (False, 5)


def test_broker_behind_tls(tmp_path: Path) -> None:
    openssl = tool("openssl", "openssl")
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=b", "-days", "2"]
    command += ["-keyout", str(tmp_path / "key"), "-out", str(tmp_path / "cert")]
    subprocess.run(command, check=True, capture_output=True)
    lines = ("allow_anonymous true", f"certfile {tmp_path / 'cert'}", f"keyfile {tmp_path / 'key'}")
    with mosquitto(tmp_path, *lines) as port:
        (fact,) = ask(port, "mqtts").facts
    assert isinstance(fact, MqttBroker)
    assert fact.tls
    assert fact.anonymous.value


@pytest.mark.parametrize("code", [1, 2, 3])
def test_other_refusals_leave_the_question_open(code: int) -> None:
    with serving(lambda guest: guest.sendall(bytes((0x20, 2, 0, code)))) as port:
        (fact,) = ask(port).facts
    assert isinstance(fact, MqttBroker)
    assert not fact.anonymous.is_answered
    assert fact.return_code == code


def test_it_asks_for_the_name_of_the_broker_and_says_goodbye() -> None:
    said = b""
    gone = threading.Event()

    def talk(guest: socket.socket) -> None:
        nonlocal said
        # Once CONNECT has come: said before, it has SUBSCRIBE come in one piece with it.
        said = guest.recv(4096)
        guest.sendall(b"\x20\x02\x00\x00")
        while piece := guest.recv(4096):
            said += piece
            if piece[:1] == b"\x82":
                guest.sendall(b"\x90\x04\x00\x01\x00\x80")
        gone.set()

    with serving(talk) as port:
        ask(port)
        assert gone.wait(10)
    assert [p.kind for p in packets(said)] == [1, 8, 10, 14]
    assert b"#" not in said


def packets(data: bytes) -> list[mqtt.Packet]:
    found: list[mqtt.Packet] = []
    while packet := mqtt.read_packet(data):
        found.append(packet)
        data = data[packet.size :]
    assert data == b""
    return found


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b""])
def test_no_connack_is_unreadable(answer: bytes) -> None:
    with serving(lambda guest: guest.recv(4096) and guest.sendall(answer)) as port:
        heard = ask(port)
    assert heard.facts == ()
    assert (heard.missed[0].status, heard.missed[0].reason) == (AttemptStatus.UNREADABLE, Reason.UNREADABLE)


def test_silence_is_a_timeout() -> None:
    def talk(guest: socket.socket) -> None:
        while guest.recv(4096):
            pass

    with serving(talk) as port:
        heard = ask(port)
    assert heard.facts == ()
    assert heard.missed[0].status is AttemptStatus.TIMED_OUT


CHECKS = {"mqtt_anonymous_access": "cloud", "mqtt_topic_isolation": "cloud", "mqtt_encryption": "communication"}
DEAF = {
    "defaultACLAccess": {
        "publishClientSend": False,
        "publishClientReceive": True,
        "subscribe": False,
        "unsubscribe": True,
    },
    "anonymousGroup": "everybody",
    "groups": [{"groupname": "everybody"}],
    "clients": [],
    "roles": [],
}


def seen(port: int, protocol: str = "mqtt", *, intrusive: bool = False) -> MqttBroker:
    way = msgspec.structs.replace(door(port, protocol), grants=Grants(intrusive=intrusive))
    (fact,) = anyio.run(PROBE.ask, way).facts
    assert isinstance(fact, MqttBroker)
    return fact


def told(fact: MqttBroker, port: int, *, shown: Collection[str] = CHECKS) -> dict[str, Verdict]:
    """What the checks of MQTT say; every bad word of theirs that is to be shown shows itself."""
    said = {}
    for name, place in CHECKS.items():
        try:
            (said[name],) = verdicts(f"{place}/{name}", fact, port)
        except Unanswered:
            continue
    assert all(is_shown(v) for name, v in said.items() if v.kind == "bad" and name in shown)
    return said


def publish(port: int, topic: str, words: str) -> None:
    command = [tool("mosquitto_pub", "mosquitto-clients"), "-p", str(port), "-t", topic, "-m", words, "-r"]
    subprocess.run(command, check=True)


def test_the_broker_says_its_name_and_nothing_of_others(tmp_path: Path) -> None:
    with mosquitto(tmp_path, "allow_anonymous true") as port:
        publish(port, "home/door", "open")
        fact = seen(port)
        said = told(fact, port)
    assert fact.broker.startswith("mosquitto version 2")
    assert (fact.version, fact.wildcard.reason, fact.messages) == ("3.1.1", Reason.CONSENT, 0)
    assert {name for name, v in said.items() if v.kind == "bad"} == {"mqtt_anonymous_access", "mqtt_encryption"}


@contextmanager
def speaking(port: int, *topics: str) -> Iterator[None]:
    """Clients that say something time and again, and want nothing kept."""
    program = tool("mosquitto_pub", "mosquitto-clients")
    words = ("-m", "the door is open", "--repeat", "1000", "--repeat-delay", "0.1")
    clients = [subprocess.Popen([program, "-p", str(port), "-t", topic, *words]) for topic in topics]
    try:
        yield
    finally:
        for client in clients:
            client.kill()
            client.wait()


@pytest.mark.parametrize(
    ("topics", "variant"), [(("home/door", "plant/valve"), "readable"), (("home/door", "home/alarm"), "one-branch")]
)
def test_every_topic_with_the_grant(tmp_path: Path, topics: tuple[str, ...], variant: str) -> None:
    with mosquitto(tmp_path, "allow_anonymous true") as port:
        publish(port, "kept/door", "the door is open")
        with speaking(port, *topics):
            fact = seen(port, intrusive=True)
            said = told(fact, port)
    assert fact.wildcard.value
    assert 0 < fact.live_messages.value < fact.messages
    assert fact.live_branches == len({topic.partition("/")[0] for topic in topics})
    assert said["mqtt_topic_isolation"].variant == variant
    assert b"door" not in msgspec.json.encode(fact)


def test_what_is_kept_for_everybody_behind_an_acl_is_no_message_of_all(tmp_path: Path) -> None:
    (tmp_path / "acl").write_text("topic readwrite public/#\ntopic write home/door\n")
    with mosquitto(tmp_path, "allow_anonymous true", f"acl_file {tmp_path / 'acl'}") as port:
        publish(port, "public/weather", "rain")
        publish(port, "home/door", "open")
        fact = seen(port, intrusive=True)
        said = told(fact, port)
    assert (fact.wildcard.value, fact.messages, fact.live_messages.value) == (True, 1, 0)
    assert said["mqtt_topic_isolation"].kind == "unknown"


def test_topics_that_are_filtered_as_they_are_delivered(tmp_path: Path) -> None:
    """mosquitto grants ``#`` whatever its ACL file says, and delivers what that allows: nothing, here."""
    (tmp_path / "acl").write_text("topic read $SYS/broker/version\ntopic write home/door\n")
    with mosquitto(tmp_path, "allow_anonymous true", f"acl_file {tmp_path / 'acl'}") as port:
        publish(port, "home/door", "open")
        fact = seen(port, intrusive=True)
        said = told(fact, port)
    assert (fact.wildcard.value, fact.messages) == (True, 0)
    assert said["mqtt_topic_isolation"].kind == "unknown"


def test_a_broker_that_refuses_every_topic(tmp_path: Path) -> None:
    (tmp_path / "rules.json").write_bytes(msgspec.json.encode(DEAF))
    plugin = "/usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so"
    lines = (f"plugin {plugin}", f"plugin_opt_config_file {tmp_path / 'rules.json'}", "allow_anonymous true")
    with mosquitto(tmp_path, *lines) as port:
        fact = seen(port, intrusive=True)
        said = told(fact, port)
    assert (fact.anonymous.value, fact.wildcard.value, fact.broker) == (True, False, "")
    assert said["mqtt_topic_isolation"].kind == "good"


def test_a_broker_that_refuses_the_sign_for_every_topic_alone(tmp_path: Path) -> None:
    """EMQX refuses ``#`` and ``+/#`` as they stand, and lets everybody hear the rest (its default ``acl.conf``)."""
    refused = [{"acltype": "subscribeLiteral", "topic": topic, "allow": False} for topic in ("#", "+/#")]
    rules = DEAF | {
        "defaultACLAccess": {"publishClientSend": True, "publishClientReceive": True, "subscribe": True},
        "groups": [{"groupname": "everybody", "roles": [{"rolename": "guest"}]}],
        "roles": [{"rolename": "guest", "acls": refused}],
    }
    (tmp_path / "rules.json").write_bytes(msgspec.json.encode(rules))
    plugin = "/usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so"
    lines = (f"plugin {plugin}", f"plugin_opt_config_file {tmp_path / 'rules.json'}", "allow_anonymous true")
    with mosquitto(tmp_path, *lines) as port:
        with speaking(port, "home/door", "plant/valve"):
            fact = seen(port, intrusive=True)
            said = told(fact, port)
    assert (fact.wildcard.value, fact.wildcard_filter, fact.live_branches) == (True, "+/+/#", 2)
    assert said["mqtt_topic_isolation"].variant == "readable"


def is_let_in(guest: socket.socket, name: str) -> bool:
    with suppress(ConnectionError):
        guest.sendall(mqtt.connect_message(name))
        return guest.recv(4) == b"\x20\x02\x00\x00"
    return False


def test_a_broker_that_has_no_room(tmp_path: Path) -> None:
    with mosquitto(tmp_path, "allow_anonymous true", "max_connections 1") as port, ExitStack() as guests:
        known = [False]
        while (known[-1] or True not in known) and len(known) < 20:
            guest = guests.enter_context(socket.create_connection(("127.0.0.1", port)))
            known.append(is_let_in(guest, f"guest {len(known)}"))
        heard = ask(port)
    assert heard.facts == ()
    assert heard.missed[0].status is AttemptStatus.UNREADABLE


def test_client_certificates(tmp_path: Path) -> None:
    key, cert = make_certificate(tmp_path)
    lines = (f"certfile {cert}", f"keyfile {key}", f"cafile {cert}", "require_certificate true")
    with mosquitto(tmp_path, "allow_anonymous true", *lines) as port:
        heard = ask(port, "mqtts")
    assert heard.facts == ()
    assert heard.missed[0].status is AttemptStatus.UNREADABLE


# What is shown takes seconds: each command once.
@pytest.mark.parametrize(
    ("behind", "anonymous", "shown"),
    [("ws", "true", "mqtt_anonymous_access"), ("wss", "true", "mqtt_anonymous_access"), ("ws", "false", "")],
)
def test_inside_websocket(tmp_path: Path, behind: str, anonymous: str, shown: str) -> None:
    key, cert = make_certificate(tmp_path)
    lines = (f"certfile {cert}", f"keyfile {key}") if behind == "wss" else ()
    # mosquitto 2.0.11 does not start with listeners of WebSocket alone.
    lines = ("protocol websockets", f"allow_anonymous {anonymous}", *lines, f"listener {free_port()} 127.0.0.1")
    with mosquitto(tmp_path, *lines) as port:
        line = Dialer(Scope(include=("127.0.0.0/8",), pace=PACE)).line("127.0.0.1")
        found = anyio.run(lambda: identify(line, port, expected="mqtt-ws"))
        assert found.service.protocol == f"mqtt-{behind}"
        fact = seen(port, found.service.protocol)
        said = told(fact, port, shown=(shown,))
    assert (fact.websocket, fact.tls, fact.anonymous.value) == (True, behind == "wss", anonymous == "true")
    assert fact.broker[:9] == ("mosquitto" if anonymous == "true" else "")
    assert (said["mqtt_encryption"].kind == "bad") == (behind == "ws")


@pytest.mark.parametrize("words", [b"\x20\x02\x00\x01", b"\x20\x03\x00\x84\x00", b""])
def test_a_broker_of_mqtt_5_alone(words: bytes) -> None:
    """As EMQX and others can be set to: 3.1.1 is refused by code, in either format, or by closing."""

    def talk(guest: socket.socket) -> None:
        asked = guest.recv(4096)
        if asked[8] == 4:
            guest.sendall(words)
            return
        guest.sendall(b"\x20\x06\x00\x00\x03\x21\x00\x0a")
        number = guest.recv(4096)[2:4]
        topic = b"$SYS/brokers/emqx@node/version"
        said = len(topic).to_bytes(2, "big") + topic + b"\x00" + b"5.8.1"
        guest.sendall(b"\x90\x05" + number + b"\x00\x00\x00" + bytes((0x31, len(said))) + said)
        while guest.recv(4096):
            pass

    with serving(talk) as port:
        fact = seen(port)
    assert (fact.version, fact.anonymous.value, fact.broker) == ("5.0", True, "5.8.1")


def test_messages_without_end_have_one() -> None:
    def talk(guest: socket.socket) -> None:
        guest.recv(4096)
        guest.sendall(b"\x20\x02\x00\x00" + b"\x90\x03\x00\x01\x00")
        while True:
            guest.sendall(b"\x90\x03\x00\x02\x00" + b"\x30\x06\x00\x01axyz" * 1000)

    with serving(talk) as port:
        fact = seen(port, intrusive=True)
    assert fact.anonymous.value
    assert fact.broker == "xyz"


def test_the_name_of_the_broker_is_nobodys_message_however_late() -> None:
    def talk(guest: socket.socket) -> None:
        guest.recv(4096)
        guest.sendall(b"\x20\x02\x00\x00")
        while (packet := guest.recv(4096)) and packet[:1] != b"\x82":
            pass
        topic = b"$SYS/broker/version"
        said = len(topic).to_bytes(2, "big") + topic + b"2.0"
        guest.sendall(b"\x90\x03\x00\x01\x00")
        for packet in iter(lambda: guest.recv(4096), b""):
            if b"\x00\x01#" in packet:
                guest.sendall(b"\x90\x03\x00\x03\x00" + bytes((0x31, len(said))) + said)

    with serving(talk) as port:
        fact = seen(port, intrusive=True)
    assert (fact.wildcard.value, fact.messages) == (True, 0)
