"""A device speaks HTTP/2 without TLS, at once and by an upgrade of HTTP/1.1: nghttp and curl, with lighttpd and nginx.

And gRPC, with its reference implementation at both ends.
"""

import sys

from tests.lan.network import Machine, poll
from tests.traffic_lab.stage import Stage

TOOLS = {"nghttp": "nghttp2-client", "lighttpd": "lighttpd", "nginx": "nginx-light", "curl": "curl"}
TOKEN = "tok-9f8e7d6c5b4a39281706"
QUERY_TOKEN = "tok-77aa8e7d6c5b4a392817"
PASSWORD = "Sesame-4711-open"
SESSION = "Zx81Kq02Lm93Np74Qr55Ww"
CALL_TOKEN = "tok-c0ffee7d6c5b4a392819"
SECRETS = (TOKEN, QUERY_TOKEN, PASSWORD, SESSION, CALL_TOKEN)
_NGINX = """
daemon off; user root; worker_processes 1; error_log stderr; pid {folder}/nginx.pid;
events {{ }}
http {{
  access_log off; client_body_temp_path {folder}/body; default_type application/json;
  fastcgi_temp_path {folder}/a; proxy_temp_path {folder}/b; scgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d;
  server {{
    listen 80 http2;
    location /login {{ proxy_pass http://unix:{folder}/login.sock; }}  # A plain return would not wait for the form.
    location /files {{ root {folder}/www; }}
    location / {{ return 200 '{{"state": "fine"}}'; }}
  }}
  server {{
    listen unix:{folder}/login.sock;
    location / {{ add_header Set-Cookie "PHPSESSID={session}; Path=/"; return 302 /; }}
  }}
}}
"""
_GRPC_SERVER = """
import grpc
from concurrent import futures
def say(request, context): return b"\\n\\x05hello"
def count(request, context):
    for _ in range(3): yield b"\\n\\x05hello"
server = grpc.server(futures.ThreadPoolExecutor(2))
methods = {"Report": grpc.unary_unary_rpc_method_handler(say), "Watch": grpc.unary_stream_rpc_method_handler(count)}
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("fleet.v1.Telemetry", methods),))
server.add_insecure_port("0.0.0.0:50051")
server.start()
server.wait_for_termination()
"""
_GRPC_CLIENT = """
import grpc
channel = grpc.insecure_channel("203.0.113.82:50051", options=(("grpc.enable_http_proxy", 0),))
login = (("authorization", "Bearer {token}"),)
assert channel.unary_unary("/fleet.v1.Telemetry/Report")(b"\\n\\x02hi", metadata=login, timeout=30) == b"\\n\\x05hello"
assert len(list(channel.unary_stream("/fleet.v1.Telemetry/Watch")(b"", timeout=30))) == 3
channel.close()
"""


def play(stage: Stage) -> None:
    """A page each time; a login, a session, tokens, a firmware; two calls: all in heads that are packed."""
    device = stage.near("device", 21)
    _ask_lighttpd(stage, device)
    _ask_nginx(stage, device)
    _call(stage, device)


def _ask_lighttpd(stage: Stage, device: Machine) -> None:
    server = stage.far("server", 80)
    (stage.folder / "www").mkdir()
    (stage.folder / "www" / "state").write_text("fine\n")
    configuration = stage.folder / "lighttpd.conf"
    configuration.write_text(
        f'server.document-root = "{stage.folder}/www"\nserver.port = 80\n'
        'server.feature-flags = ("server.h2proto" => "enable", "server.h2c" => "enable")\n'
    )
    server.start("lighttpd", "-D", "-f", str(configuration))
    _wait(server, 80)
    url, login = "http://203.0.113.80/state", f"Authorization: Bearer {TOKEN}"
    assert device.run("nghttp", "-H", login, url).stdout == "fine\n"
    assert device.run("nghttp", "-u", "-H", login, url).stdout == "fine\n"
    words = ("curl", "-s", "-m", "30", "--http2-prior-knowledge", "-H", login)
    assert device.run(*words, url).stdout == "fine\n"


def _ask_nginx(stage: Stage, device: Machine) -> None:
    server = stage.far("proxy", 81)
    (stage.folder / "www" / "files").mkdir()
    image = b"\x27\x05\x19\x56" + bytes(range(256)) * 400
    (stage.folder / "www" / "files" / "gateway-2.1.bin").write_bytes(image)
    configuration = stage.folder / "nginx.conf"
    configuration.write_text(_NGINX.format(folder=stage.folder, session=SESSION))
    server.start("nginx", "-c", str(configuration))
    _wait(server, 80)
    base = "http://203.0.113.81"

    def curl(*words: str) -> str:
        named = ("-H", "Host: cloud.example", "-A", "gateway/2.0")
        return device.run("curl", "-s", "-m", "30", "--http2-prior-knowledge", *named, *words).stdout

    curl("-b", f"theme=dark; PHPSESSID={SESSION}", f"{base}/state?access_token={QUERY_TOKEN}")
    # Three at once on one connection: the heads of the second and third say little more than "as before".
    device.run("nghttp", *(f"{base}/state/{number}" for number in (1, 2, 3)), check=True)
    curl("-d", f"username=admin&password={PASSWORD}", f"{base}/login")
    curl("-o", "/dev/null", f"{base}/files/gateway-2.1.bin")


def _call(stage: Stage, device: Machine) -> None:
    server = stage.far("calls", 82)
    server.start(sys.executable, "-c", _GRPC_SERVER)
    _wait(server, 50051)
    device.run(sys.executable, "-c", _GRPC_CLIENT.format(token=CALL_TOKEN), check=True)


def _wait(server: Machine, port: int) -> None:
    wanted = f"sport = :{port}"
    poll("the server listens", lambda: f":{port}" in server.run("ss", "-Hltn", wanted).stdout)
