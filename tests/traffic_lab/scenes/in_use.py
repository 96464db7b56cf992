"""Devices in daily use, good ones and bad ones: encrypted talk, one key on two, logins in clear, looks for updates.

The meter does all as it should. The twins show a broker one certificate. The panel is logged in to in clear. The camera
looks for updates three times in clear, and tells a service for analytics of itself. The lock bootstraps by LwM2M.
"""

from pathlib import Path
from subprocess import CompletedProcess
from time import sleep

from tests.lan.network import Machine, poll
from tests.traffic_lab.certificates import Authority
from tests.traffic_lab.scenes.tls_unverified import ready
from tests.traffic_lab.stage import Stage

TOOLS = {
    "curl": "curl",
    "openssl": "openssl",
    "coap-client-notls": "libcoap3-bin",
    "coap-rd-notls": "libcoap3-bin",
}
CLOUD, BROKER, UPDATES, BOOT = "203.0.113.80", "203.0.113.81", "203.0.113.82", "203.0.113.85"
SERVER = "import http.server as h; h.ThreadingHTTPServer(('', 80), h.SimpleHTTPRequestHandler).serve_forever()"
LOOK = "http://updates.example/DEFAULT/controller/v1/camera-36"


def play(stage: Stage) -> None:
    """Each device its part."""
    lab = Authority()
    _panel(stage)
    _meter(stage, lab)
    _twins(stage, lab)
    _lock(stage)
    # The last: after its third look it is not seen for long.
    _camera(stage)


def _meter(stage: Stage, lab: Authority) -> None:
    meter, cloud = stage.near("meter", 31), stage.far("cloud", 80)
    chain, key = lab.issue("cloud.example", "region1.app-measurement.com").write(stage.folder, "cloud")
    root = _root(stage, lab)
    cloud.start("openssl", "s_server", "-accept", "443", "-cert", str(chain), "-key", str(key), "-quiet", "-www")
    # What waits for the server is no part of what the meter does.
    ready(stage.near("waiter", 30), 80)
    for _ in range(12):
        assert _fetch(meter, root, "cloud.example").returncode == 0
        sleep(0.15)


def _twins(stage: Stage, lab: Authority) -> None:
    broker = stage.far("broker", 81)
    chain, key = lab.issue("broker.example").write(stage.folder, "broker")
    own, secret = lab.issue("device").write(stage.folder, "device")
    root = str(_root(stage, lab))
    broker.start(
        *("openssl", "s_server", "-accept", "443", "-cert", str(chain), "-key", str(key), "-Verify", "1"),
        *("-CAfile", root, "-quiet", "-www", "-tls1_2"),
    )
    # Addresses that a maker gave: then two of them are two devices.
    twins = stage.near("twin-1", 32, "00:40:8c:00:00:32"), stage.near("twin-2", 33, "00:40:8c:00:00:33")
    ready(twins[0], 81)
    for twin in twins:
        words = ("--cacert", root, "--cert", str(own), "--key", str(secret), "--tls-max", "1.2")
        place = ("--resolve", f"broker.example:443:{BROKER}", "https://broker.example/")
        sleep(0.1)
        assert twin.run("curl", "-s", "-m", "5", *words, *place).returncode == 0


def _panel(stage: Stage) -> None:
    panel, phone = stage.near("panel", 34), stage.near("phone", 35)
    panel.start("sh", "-c", f'cd {stage.folder} && exec python3 -c "{SERVER}"')
    page = "http://10.77.0.34/"
    poll("the panel answers", lambda: phone.run("curl", "-s", "-m", "5", page).returncode == 0)
    phone.run("curl", "-s", "-m", "5", "-u", "admin:Wintergarten-5", page)


def _camera(stage: Stage) -> None:
    camera, updates = stage.near("camera", 36), stage.far("updates", 82)
    look = stage.folder / "DEFAULT" / "controller" / "v1" / "camera-36"
    look.parent.mkdir(parents=True)
    look.write_text('{"config": {"polling": {"sleep": "00:05:00"}}}')
    updates.start("sh", "-c", f'cd {stage.folder} && exec python3 -c "{SERVER}"')
    place = ("--resolve", f"updates.example:80:{UPDATES}", "-H", "Accept: application/hal+json")
    # Asked from its own machine: a try of the camera is a conversation more, and ten of them are enough to judge by.
    ask = ("curl", "-s", "-m", "5", f"http://{UPDATES}/")
    poll("the update server answers", lambda: updates.run(*ask).returncode == 0)
    assert camera.run(*ask).returncode == 0
    for _ in range(3):
        camera.run("curl", "-s", "-m", "5", *place, LOOK)
        sleep(0.5)
    assert _fetch(camera, stage.folder / "lab.pem", "region1.app-measurement.com").returncode == 0


def _lock(stage: Stage) -> None:
    lock, boot = stage.near("lock", 37), stage.far("boot", 85)
    boot.start("coap-rd-notls", "-A", "0.0.0.0")

    def ask(*words: str) -> str:
        return lock.run("coap-client-notls", "-B", "3", *words).stdout

    poll("the bootstrap server answers", lambda: "rd" in ask(f"coap://{BOOT}/.well-known/core"))
    ask("-m", "post", f"coap://{BOOT}/bs?ep=urn:dev:os:37&pct=60")


def _fetch(device: Machine, root: Path, name: str) -> CompletedProcess[str]:
    place = ("--resolve", f"{name}:443:{CLOUD}", f"https://{name}/")
    return device.run("curl", "-s", "-m", "5", "--cacert", str(root), *place)


def _root(stage: Stage, lab: Authority) -> Path:
    """The authority's certificate, as it stands behind one that it issued."""
    path = stage.folder / "lab.pem"
    if not path.exists():
        chain, _ = lab.issue("nobody.example").write(stage.folder, "nobody")
        path.write_bytes(chain.read_bytes().partition(b"-----END CERTIFICATE-----\n")[2])
    return path
