"""A device logs in to a web server beyond its network with curl, in every way that curl knows, in the clear."""

from tests.lan.network import poll
from tests.traffic_lab.stage import Stage

TOOLS = {"curl": "curl", "nginx": "nginx-light", "openssl": "openssl"}
PASSWORD = "Sesame-4711-open"
TOKEN = "tok-9f8e7d6c5b4a39281706"
SESSION = "Zx81Kq02Lm93Np74Qr55Ww"
SECRETS = (PASSWORD, TOKEN, SESSION)
_CONFIGURATION = """
daemon off; user root; worker_processes 1; error_log stderr; pid {folder}/nginx.pid;
events {{ }}
http {{
  access_log off; client_body_temp_path {folder}/body; default_type application/json;
  fastcgi_temp_path {folder}/a; proxy_temp_path {folder}/b; scgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d;
  server {{
    listen 80;
    location /basic {{ auth_basic "device"; auth_basic_user_file {folder}/users; root {folder}; }}
    location /login {{ add_header Set-Cookie "PHPSESSID={session}; Path=/"; return 302 /; }}
    location /token {{ return 200 '{{"access_token": "{token}", "token_type": "Bearer", "expires_in": 86400}}'; }}
    location / {{ return 200 '{{"state": "fine"}}'; }}
  }}
}}
"""


def play(stage: Stage) -> None:
    """Basic taken and refused, a bearer token, forms, one with a file, a token in a query, a session, personal data."""
    device, server = stage.near("device", 21), stage.far("server", 80)
    (stage.folder / "basic").write_text("{}")
    hashed = device.run("openssl", "passwd", "-apr1", PASSWORD, check=True).stdout.strip()
    (stage.folder / "users").write_text(f"admin:{hashed}\n")
    configuration = stage.folder / "nginx.conf"
    configuration.write_text(_CONFIGURATION.format(folder=stage.folder, session=SESSION, token=TOKEN))
    server.start("nginx", "-c", str(configuration))
    base = "http://203.0.113.80"

    def curl(*words: str) -> str:
        return device.run("curl", "-s", "-m", "5", "-H", "Host: cloud.example", *words).stdout

    poll("the server answers", lambda: "fine" in curl(f"{base}/"))
    curl("-u", f"admin:{PASSWORD}", f"{base}/basic")
    curl("-u", "admin:wrong-guess-1", f"{base}/basic")
    curl("-H", f"Authorization: Bearer {TOKEN}", f"{base}/state", f"{base}/state/2")
    curl("-d", f"username=admin&password={PASSWORD}", f"{base}/login")
    image = stage.folder / "image"
    image.write_bytes(b"\x27\x05\x19\x56" + bytes(range(256)) * 200)
    parts = ("-F", "username=admin", "-F", f"image=@{image}", "-F", "token=short")
    curl("-F", f"password={PASSWORD}", *parts, f"{base}/upload")
    curl(*parts, "-F", f"password={PASSWORD}", f"{base}/upload/2")
    curl("-b", f"PHPSESSID={SESSION}", f"{base}/state")
    curl("-d", f"grant_type=password&username=admin&password={PASSWORD}", f"{base}/token")
    curl(f"{base}/state?access_token={TOKEN}")
    curl("--json", '{"mail": "ada@example.org", "lat": 48.13743, "lon": 11.57549}', f"{base}/state")
    curl(
        "-H",
        "Transfer-Encoding: chunked",
        "-H",
        "Content-Type: application/json",
        "-d",
        '{"ssid": "Attic of Ada"}',
        f"{base}/c",
    )
