import socket
from pathlib import Path

from iotscan.model.answer import Answer
from iotscan.model.facts import Announcement, Claim, DefaultLogin, MqttBroker
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.probe import Missed
from iotscan.wire import mqtt
from tests.observe.network.acme import PASSWORD, USER, verdict
from tests.observe.network.daemons import free_port, serving
from tests.observe.network.test_mqtt_probe import mosquitto, passwords

PRODUCT = Announcement(claims=(Claim(what="model", value="Acme Hub", how="mdns"),))
CLOSED = MqttBroker(tls=False, anonymous=Answer.of(False), return_code=5)


def test_a_true_default_is_found(tmp_path: Path) -> None:
    with mosquitto(tmp_path, "allow_anonymous false", f"password_file {passwords(tmp_path, USER, PASSWORD)}") as port:
        found = verdict(tmp_path, port, "mqtt", [PRODUCT, CLOSED])
    assert isinstance(found, DefaultLogin)
    assert (found.protocol, found.outcome, found.account, found.tries) == ("mqtt", "accepted", USER, 3)


def test_a_changed_password_is_not_claimed(tmp_path: Path) -> None:
    with mosquitto(tmp_path, "allow_anonymous false", f"password_file {passwords(tmp_path, USER, 'changed')}") as port:
        found = verdict(tmp_path, port, "mqtt", [PRODUCT, CLOSED])
    assert isinstance(found, DefaultLogin)
    assert found.outcome == "rejected"


def test_an_anonymous_broker_is_open_whatever_the_product(tmp_path: Path) -> None:
    known = MqttBroker(tls=False, anonymous=Answer.of(True), return_code=0)
    assert verdict(tmp_path, free_port(), "mqtt", [known]) == DefaultLogin(protocol="mqtt", outcome="open")
    with mosquitto(tmp_path, "allow_anonymous true") as port:
        found = verdict(tmp_path, port, "mqtt", [PRODUCT])
    assert isinstance(found, DefaultLogin)
    assert found.outcome == "open"


def test_a_broker_that_takes_any_user(tmp_path: Path) -> None:
    def talk(guest: object) -> None:
        connect = guest.recv(4096)  # type: ignore[attr-defined]
        has_user = connect[9] & 0x80
        guest.sendall(bytes((0x20, 2, 0, mqtt.ACCEPTED if has_user else mqtt.NOT_AUTHORISED)))  # type: ignore[attr-defined]

    with serving(talk) as port:
        found = verdict(tmp_path, port, "mqtt", [PRODUCT, CLOSED])
    assert isinstance(found, DefaultLogin)
    assert found.outcome == "accepts_any"


def test_a_broker_that_hangs_up_is_not_refusing(tmp_path: Path) -> None:
    with serving(lambda guest: guest.recv(4096) and None) as port:
        missed = verdict(tmp_path, port, "mqtt", [PRODUCT, CLOSED])
    assert isinstance(missed, Missed)
    assert missed.status is AttemptStatus.UNREADABLE


def test_an_unknown_product_is_not_tried(tmp_path: Path) -> None:
    missed = verdict(tmp_path, free_port(), "mqtt", [CLOSED])
    assert isinstance(missed, Missed)
    assert (missed.status, missed.reason) == (AttemptStatus.NOT_TRIED, Reason.NOT_OBSERVABLE)


def test_a_broker_is_asked_in_the_version_in_which_it_answered(tmp_path: Path) -> None:
    five = MqttBroker(tls=False, anonymous=Answer.of(False), return_code=0x87, version="5.0")
    with mosquitto(tmp_path, "allow_anonymous false", f"password_file {passwords(tmp_path, USER, PASSWORD)}") as port:
        found = verdict(tmp_path, port, "mqtt", [PRODUCT, five])
    assert isinstance(found, DefaultLogin)
    assert (found.outcome, found.account) == ("accepted", USER)


def test_a_broker_of_mqtt_5_alone(tmp_path: Path) -> None:
    versions: list[int] = []

    def talk(guest: socket.socket) -> None:
        said = guest.recv(4096)
        versions.append(said[8])
        guest.sendall(bytes((0x20, 3, 0, 0x86, 0)))

    known = MqttBroker(tls=False, anonymous=Answer.of(False), return_code=0x87, version="5.0")
    with serving(talk) as port:
        found = verdict(tmp_path, port, "mqtt", [PRODUCT, known])
    assert isinstance(found, DefaultLogin)
    assert (found.outcome, versions) == ("rejected", [5, 5])
