"""Devices that are servers of TLS themselves, and a neighbour who asks them: one of old versions, one of new ones."""

from tests.lan.network import Machine, poll
from tests.traffic_lab.certificates import self_signed
from tests.traffic_lab.stage import Stage

TOOLS = {"openssl": "openssl", "ss": "iproute2"}


def play(stage: Stage) -> None:
    """TLS 1.0 and 1.2 with CBC and a self-signed certificate; TLS 1.3."""
    neighbour = stage.near("neighbour", 21)
    for number, words in ((31, ("-cipher", "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0")), (32, ("-tls1_3",))):
        box = stage.near(f"box{number}", number)
        chain, key = self_signed(f"box{number}.local").write(stage.folder, f"box{number}")
        box.start("openssl", "s_server", "-accept", "443", "-cert", str(chain), "-key", str(key), *words, "-www")
        poll("the box listens", lambda box=box: ":443 " in box.run("ss", "-Hltn").stdout)
    for version in ("tls1", "tls1_2"):
        _ask(neighbour, 31, f"-{version}", "-cipher", "DEFAULT:@SECLEVEL=0")
    _ask(neighbour, 32)


def _ask(neighbour: Machine, number: int, *words: str) -> None:
    ask = ("openssl", "s_client", "-connect", f"10.77.0.{number}:443", "-quiet", "-ign_eof", *words)
    said = neighbour.run(*ask, given="GET / HTTP/1.0\r\n\r\n", timeout=10)
    assert "HTTP/1.0 200" in said.stdout, said.stderr
