"""Two devices get their addresses from a gateway, ask it for the name of their cloud, and talk to it in the clear.

The cloud speaks a protocol of nobody, so that only the question says whom they talk to. A third device is called by the
first, and its answer is no server beyond.
"""

from tests.lan.network import Machine, poll
from tests.traffic_lab.stage import Stage

TOOLS = {"dnsmasq": "dnsmasq-base", "busybox": "busybox-static", "dig": "bind9-dnsutils", "curl": "curl"}
SERVER = "import http.server as h; h.ThreadingHTTPServer(('', 80), h.SimpleHTTPRequestHandler).serve_forever()"
CLOUD = """
import socketserver
class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"\\x07" + self.rfile.readline())
socketserver.ThreadingTCPServer(("", 7000), Echo).serve_forever()
"""
DEVICE = """
import socket
with socket.create_connection(("203.0.113.80", 7000), 5) as cloud:
    cloud.sendall(b"\\x01\\x02 21.5\\n")
    assert cloud.recv(100)
"""
ASK = ("dig", "+short", "+tries=1", "+time=2", "@10.77.0.1", "cloud.example")


def play(stage: Stage) -> None:
    """Names, then a conversation each; one device serves a page to the other."""
    gateway, cloud = stage.near("gateway", 1), stage.far("cloud", 80)
    camera, meter, panel = stage.near("camera", 21), stage.near("meter", 22), stage.near("panel", 23)
    words = ("--keep-in-foreground", "--no-resolv", "--no-hosts", "--user=root", "--conf-file=/dev/null")
    leases = f"--dhcp-leasefile={stage.folder}/leases"
    gateway.start(
        "dnsmasq", *words, leases, "--address=/cloud.example/203.0.113.80", "--dhcp-range=10.77.0.100,10.77.0.150"
    )
    cloud.start("python3", "-c", CLOUD)
    panel.start("sh", "-c", f'cd {stage.folder} && exec python3 -c "{SERVER}"')
    for device, name in ((camera, "cam-front"), (meter, "meter-7")):
        poll("the gateway gives addresses", lambda d=device, n=name: _asks_for_address(d, n))
        poll("the gateway knows names", lambda d=device: "203.0.113.80" in d.run(*ASK).stdout)
        poll("the cloud answers", lambda d=device: d.run("python3", "-c", DEVICE).returncode == 0)
    poll("the panel answers", lambda: camera.run("curl", "-s", "-m", "5", "http://10.77.0.23/").returncode == 0)


def _asks_for_address(device: Machine, name: str) -> bool:
    """The lease is taken and not put into use: a device keeps the address that it has."""
    words = ("busybox", "udhcpc", "-i", "eth0", "-n", "-q", "-t", "3", "-T", "1", "-s", "/bin/true")
    return device.run(*words, "-x", f"hostname:{name}").returncode == 0
