"""A device speaks HTTP/2 without TLS, at once and by an upgrade of HTTP/1.1: nghttp and curl, with lighttpd."""

from tests.lan.network import poll
from tests.traffic_lab.stage import Stage

TOOLS = {"nghttp": "nghttp2-client", "lighttpd": "lighttpd", "curl": "curl"}
TOKEN = "tok-9f8e7d6c5b4a39281706"
SECRETS = (TOKEN,)


def play(stage: Stage) -> None:
    """A page each time; the token stands in heads that are packed."""
    device, server = stage.near("device", 21), stage.far("server", 80)
    (stage.folder / "www").mkdir()
    (stage.folder / "www" / "state").write_text("fine\n")
    configuration = stage.folder / "lighttpd.conf"
    configuration.write_text(
        f'server.document-root = "{stage.folder}/www"\nserver.port = 80\n'
        'server.feature-flags = ("server.h2proto" => "enable", "server.h2c" => "enable")\n'
    )
    server.start("lighttpd", "-D", "-f", str(configuration))
    poll("the server listens", lambda: ":80" in server.run("ss", "-Hltn", "sport = :80").stdout)
    url, login = "http://203.0.113.80/state", f"Authorization: Bearer {TOKEN}"
    assert device.run("nghttp", "-H", login, url).stdout == "fine\n"
    assert device.run("nghttp", "-u", "-H", login, url).stdout == "fine\n"
    words = ("curl", "-s", "-m", "5", "--http2-prior-knowledge", "-H", login)
    assert device.run(*words, url).stdout == "fine\n"
