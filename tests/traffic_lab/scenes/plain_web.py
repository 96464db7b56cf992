"""A device fetches a page from a server beyond its network with curl, in the clear."""

from tests.lan.network import poll
from tests.traffic_lab.stage import Stage

TOOLS = {"curl": "curl"}
SERVER = "import http.server as h; h.ThreadingHTTPServer(('', 80), h.SimpleHTTPRequestHandler).serve_forever()"


def play(stage: Stage) -> None:
    """One GET, answered with 200."""
    device, server = stage.near("device", 21), stage.far("server", 80)
    folder = stage.folder / "www"
    folder.mkdir()
    (folder / "status").write_text("fine\n")
    server.start("sh", "-c", f'cd {folder} && exec python3 -c "{SERVER}"')
    ask = ("curl", "-s", "-m", "5", "-H", "Host: cloud.example", "http://203.0.113.80/status")
    poll("the server answers", lambda: device.run(*ask).stdout == "fine\n")
