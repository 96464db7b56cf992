"""Devices speak MQTT of three versions with a broker beyond their network, in the clear: mosquitto's own programs."""

from tests.lan.network import poll
from tests.traffic_lab.stage import Stage

TOOLS = {"mosquitto": "mosquitto", "mosquitto_pub": "mosquitto-clients"}
PASSWORD = "Sesame-4711-open"
SECRETS = (PASSWORD, "Attic of Ada")


def play(stage: Stage) -> None:
    """A subscriber, publishers of each version, one with a wrong password, one with a will, a long message."""
    device, other, broker = stage.near("device", 21), stage.near("other", 22), stage.far("broker", 83)
    users = stage.folder / "users"
    broker.run("mosquitto_passwd", "-c", "-b", str(users), "sensor", PASSWORD, check=True)
    users.chmod(0o644)
    configuration = stage.folder / "mosquitto.conf"
    configuration.write_text(f"user root\nlistener 1883\nallow_anonymous false\npassword_file {users}\n")
    broker.start("mosquitto", "-v", "-c", str(configuration))
    to = ("-h", "203.0.113.83", "-u", "sensor", "-P", PASSWORD)

    def publish(*words: str) -> bool:
        return device.run("mosquitto_pub", *to, *words).returncode == 0

    poll("the broker answers", lambda: publish("-i", "early", "-t", "early", "-m", "1"))
    other.start("mosquitto_sub", *to, "-i", "reader-22", "-t", "state/#", "-t", "cmd/+/set", "-q", "1", "-V", "mqttv5")
    poll("the reader is subscribed", lambda: b"SUBACK to reader-22" in broker.log.read_bytes())
    for version, name in (("mqttv31", "old"), ("mqttv311", "usual"), ("mqttv5", "new")):
        assert publish("-i", name, "-V", version, "-t", f"state/{name}", "-m", '{"ssid": "Attic of Ada"}', "-q", "1")
    assert publish(
        "-i", "willing", "-t", "state/willing", "-m", "on", "--will-topic", "gone/willing", "--will-payload", "1"
    )
    long = stage.folder / "long"
    long.write_bytes(b"\x27\x05\x19\x56" + bytes(range(256)) * 1000)
    assert publish("-i", "long", "-t", "state/long", "-f", str(long))
    poll("the reader has the long message", lambda: other.log.stat().st_size > long.stat().st_size)
    refused = ("-h", "203.0.113.83", "-u", "sensor", "-P", "wrong-guess-1", "-i", "refused", "-t", "x", "-m", "1")
    assert device.run("mosquitto_pub", *refused).returncode != 0
