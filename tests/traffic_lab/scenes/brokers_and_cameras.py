"""A device publishes to RabbitMQ over AMQP 0-9-1 and 1.0, and looks at two cameras of GStreamer, all in the clear."""

from pathlib import Path

from tests.lan.network import Machine, poll
from tests.observe.network import rabbitmq
from tests.observe.network.webserver import make_certificate
from tests.traffic_lab.stage import Stage

TOOLS = {"amqp-publish": "amqp-tools", "ffmpeg": "ffmpeg", rabbitmq.PROGRAM: rabbitmq.PACKAGE}
SECRETS = ("guest-but-not", "s3cret-rtsp")
_SLOW = 90.0
_NEW = """
import sys
from proton import Message
from proton.utils import BlockingConnection
link = BlockingConnection(sys.argv[1], timeout=5, allowed_mechs="PLAIN", allow_insecure_mechs=True)
link.create_sender("/queue/state").send(Message(body="on"))
link.close()
"""
"""AMQP 1.0, by Qpid Proton."""
_CAMERAS = Path(__file__).parents[2] / "observe" / "network" / "rtsp_server.py"


def play(stage: Stage) -> None:
    """A login that is taken and one that is not; Basic and Digest."""
    device, broker, camera = stage.near("device", 21), stage.far("broker", 89), stage.near("camera", 24)
    lines = "listeners.tcp.1 = 0.0.0.0:5672\nloopback_users = none\ndefault_user = sensor\ndefault_pass = guest-but-not"
    words = rabbitmq.environment(stage.folder, lines, mapper=4369, distribution=25672)
    broker.start("/usr/bin/env", "-i", *(f"{name}={value}" for name, value in words.items()), rabbitmq.PROGRAM)
    key, certificate = make_certificate(stage.folder)
    camera.start(
        "/usr/bin/python3", str(_CAMERAS), "0.0.0.0", key, certificate, "basic:554", "digest:8554"
    )  # fmt: skip
    poll("the cameras answer", lambda: _watch(device, "554") and _watch(device, "8554"))
    _watch(device, "554", login="viewer:wrong-guess-1")

    def publish(login: str) -> bool:
        url = f"amqp://{login}@203.0.113.89"
        return device.run("amqp-publish", "-u", url, "-r", "state", "-b", "on").returncode == 0

    poll("RabbitMQ answers", lambda: publish("sensor:guest-but-not"), _SLOW)
    assert not publish("sensor:wrong-guess-1")

    def send(login: str) -> bool:
        return device.run("/usr/bin/python3", "-c", _NEW, f"amqp://{login}@203.0.113.89").returncode == 0

    assert send("sensor:guest-but-not")
    assert not send("sensor:wrong-guess-1")


def _watch(device: Machine, port: str, login: str = "viewer:s3cret-rtsp") -> bool:
    url = f"rtsp://{login}@10.77.0.24:{port}/stream1"
    words = ("ffmpeg", "-v", "error", "-rtsp_transport", "tcp", "-i", url, "-frames:v", "1", "-f", "null", "-")
    return device.run(*words, timeout=20).returncode == 0
