"""A device speaks CoAP with servers beyond its network: libcoap's own programs; a registration as LwM2M has it."""

from tests.lan.network import poll
from tests.traffic_lab.stage import Stage

TOOLS = dict.fromkeys(("coap-client-notls", "coap-server-notls", "coap-rd-notls"), "libcoap3-bin")
SECRETS = ("tok-9f8e7d6c5b4a39281706", "Attic of Ada")


def play(stage: Stage) -> None:
    """GET, PUT, blocks, TCP, what is not there; registration and update at a resource directory with LwM2M's words."""
    device, server, directory = stage.near("device", 21), stage.far("server", 84), stage.far("directory", 85)
    server.start("coap-server-notls", "-d", "8", "-A", "0.0.0.0")
    directory.start("coap-rd-notls", "-A", "0.0.0.0")
    base, rd = "coap://203.0.113.84", "coap://203.0.113.85"

    def ask(*words: str) -> str:
        return device.run("coap-client-notls", "-B", "3", *words).stdout

    poll("the server answers", lambda: "This is a test server" in ask(f"{base}/"))
    poll("the directory answers", lambda: "rd" in ask(f"{rd}/.well-known/core"))
    ask(f"{base}/time")
    ask("-m", "put", "-e", '{"ssid": "Attic of Ada"}', "-t", "50", f"{base}/state")
    image = stage.folder / "image"
    image.write_bytes(b"\x27\x05\x19\x56" + bytes(range(256)) * 20)
    ask("-m", "put", "-f", str(image), "-t", "42", "-b", "512", f"{base}/firmware")
    ask("-b", "512", f"{base}/firmware")
    ask(f"{base}/nowhere?access_token=tok-9f8e7d6c5b4a39281706")
    ask("coap+tcp://203.0.113.84/time")
    ask("-m", "post", "-e", "</3/0>,</5/0>", "-t", "40", f"{rd}/rd?ep=urn:dev:os:21&lt=300&lwm2m=1.1&b=U")
