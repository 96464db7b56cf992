"""Shell lines that come to an MQTT broker as a guest: with mosquitto_sub, and as bytes where that cannot go."""

import shlex

from iotscan.assess.check import Target
from iotscan.model.facts import MqttBroker
from iotscan.wire import mqtt, websocket

_CLIENT = "iotscan"
_KEEP_ALIVE = 60
_KEY = b"iotscan shows it"
_NUMBER = 1


def connect_mqtt(target: Target, broker: MqttBroker) -> tuple[str, str]:
    """Connect without credentials; the command and what it prints when a broker let it in."""
    if broker.tls or broker.websocket:
        return _bytes(target, broker, b""), "20 02 00 00" if _version(broker) == 4 else "20 "
    where = ("-h", target.host, "-p", str(target.port), *_words(broker))
    return shlex.join(("mosquitto_sub", *where, "-t", "$SYS/broker/version", "-d", "-E", "-W", "3")), "CONNACK (0)"


def meet_mqtt(target: Target, broker: MqttBroker) -> tuple[str, str]:
    """Connect without credentials to a broker in the clear; the command and what it prints when anybody answers."""
    if broker.websocket:
        return _bytes(target, broker, b""), " 20 "
    # It subscribes to a topic of its own that carries no message, and leaves as soon as it is let in.
    where = ("-h", target.host, "-p", str(target.port), *_words(broker))
    return shlex.join(("mosquitto_sub", *where, "-t", "iotscan/nothing", "-E", "-W", "5", "-d")), "CONNACK"


def hear_all_mqtt(target: Target, broker: MqttBroker) -> tuple[str, str]:
    """Subscribe to every topic; the command and what it prints when a message comes, or when that is granted."""
    if broker.tls or broker.websocket:
        suback = b"\x90\x03\x00\x01\x00" if _version(broker) == 4 else b"\x90\x04\x00\x01\x00\x00"
        return _bytes(target, broker, _every_topic(broker)), suback.hex(" ")
    where = ("-h", target.host, "-p", str(target.port), *_words(broker))
    form = "a message of %l bytes"  # and neither its topic nor what it says
    asks = ("-t", broker.wildcard_filter, "-C", "1", "-W", "5", "-F", form)
    return shlex.join(("mosquitto_sub", *where, *asks)), "a message of"


def _every_topic(broker: MqttBroker) -> bytes:
    return mqtt.subscribe_message(_NUMBER, (broker.wildcard_filter,), version=_version(broker))


def _version(broker: MqttBroker) -> mqtt.Version:
    return 5 if broker.version == mqtt.NAMES[5] else 4


def _words(broker: MqttBroker) -> tuple[str, ...]:
    return ("-V", "mqttv5") if _version(broker) == 5 else ()


def _bytes(target: Target, broker: MqttBroker, more: bytes) -> str:
    words = mqtt.connect_message(_CLIENT, keep_alive=_KEEP_ALIVE, version=_version(broker)) + more
    if broker.websocket:
        upgrade = websocket.request(target.authority, _KEY, path="/mqtt", protocol="mqtt")
        say = f"{_print(upgrade)}; sleep 1; {_print(websocket.frame(words, bytes(4)))}"
    else:
        say = _print(words)
    if broker.tls:
        way = shlex.join(("timeout", "5", "openssl", "s_client", "-quiet", "-no_ign_eof", "-connect", target.authority))
    else:
        way = shlex.join(("timeout", "5", "nc", "-N", target.host, str(target.port)))
    return f"{{ {say}; sleep 1; }} | {way} 2>/dev/null | od -An -v -tx1 -w65536"


def _print(data: bytes) -> str:
    """A printf of these bytes: what could mean something to it, as octal."""
    plain = set(b" !#$&()*+,-./:;<=>?@[]^_{|}~") | set(range(65, 91)) | set(range(97, 123))
    octal = "\\{:03o}".format
    return f"printf {shlex.quote(''.join(chr(byte) if byte in plain else octal(byte) for byte in data))}"
