"""Web servers as devices have them: one that says yes to everything, updaters, interfaces for programs, HTTP/2."""

import json
import sys
from pathlib import Path

from tests.lan.certificates import make_ec_key, self_sign
from tests.questions.host import Host, Place

NGINX = """
user root;
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 128; }}
http {{
    access_log off;
    types {{ text/html html; application/json json; }}
    client_body_temp_path {folder}/t; proxy_temp_path {folder}/t; fastcgi_temp_path {folder}/t;
    uwsgi_temp_path {folder}/t; scgi_temp_path {folder}/t;
    root {folder}/www;
    {servers}
}}
"""
TLS = """
    listen 443 ssl default_server; ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
    ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;
    add_header Strict-Transport-Security "max-age=31536000" always;
"""
WELCOME = """<!doctype html><title>Welcome</title><p>Login successful. You are logged in. Dashboard. Logout.</p>
<form action="/login" method="post"><input name="user"><input type="password" name="secret"></form>"""
LOGIN = '<!doctype html><title>Storage</title><form><input name="user"><input type="password" name="secret"></form>'
UPLOAD = """<!doctype html><title>Firmware</title>
<form action="/do_upgrade" method="post" enctype="multipart/form-data"><input type="file" name="image"></form>"""
QUERY_KEY = {
    "openapi": "3.0.1",
    "info": {"title": "Heat pump", "version": "1"},
    "paths": {},
    "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "query", "name": "token"}}},
}
BEARER = QUERY_KEY | {"components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}}}
STATUS = {"device": "meter", "fw_version": "2.4.1", "serial": "EM-0012345", "uptime": 1234}
HAWKBIT = '''
"""hawkBit's interface for devices, as its DdiRootController answers: polling registers, the rest looks up."""
import json, re, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

IS_OPEN = sys.argv[1] == "open"
REGISTERED = sys.argv[2]


class Ddi(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        found = re.fullmatch(r"/(\\w+)/controller/v1/([\\w.-]+)(/.*)?", self.path)
        status, body = 404, b""
        if found and not IS_OPEN:
            status = 401
        elif found and found[3] is None:
            with open(REGISTERED, "a") as log:
                log.write(found[2] + "\\n")
            status, body = 200, b"{}"
        elif found:
            code = "hawkbit.server.error.repo.entitiyNotFound"
            body = json.dumps({"errorCode": code, "message": "Target does not exist."}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/hal+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("0.0.0.0", 8080), Ddi).serve_forever()
'''


def nginx(place: Place, servers: str, pages: dict[str, str]) -> None:
    """nginx with these pages and server blocks."""
    write(place.folder / "www", pages)
    config = NGINX.format(folder=place.folder, servers=servers.replace("FOLDER", str(place.folder)))
    (place.folder / "nginx.conf").write_text(config)
    place.machine.start("nginx", "-e", "stderr", "-c", f"{place.folder}/nginx.conf")


def write(root: Path, pages: dict[str, str]) -> None:
    """A folder with pages."""
    for path, text in pages.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def captive(place: Place) -> None:
    """Every path is the login page, which holds the words of success."""
    nginx(place, "server { listen 80; location / { try_files /index.html =404; } }", {"index.html": WELCOME})


def swupdate(place: Place) -> None:
    """SWUpdate with its own web server and page."""
    self_sign(place.folder, make_ec_key(), place.true.host, days=90)
    web = "-r /usr/share/swupdate/www -p 8080"
    key = f"{place.folder}/cert.pem"
    place.machine.start("env", f"TMPDIR={place.folder}", "swupdate", "-k", key, "-w", web)


def hawkbit(place: Place, access: str) -> None:
    """A server of hawkBit's interface for devices."""
    script = place.folder / "ddi.py"
    script.write_text(HAWKBIT)
    place.machine.start(sys.executable, "-I", str(script), access, str(place.folder / "registered"))


def registered(place: Place) -> str:
    """Whether a scan has registered a device."""
    log = place.folder / "registered"
    return f"devices were registered: {log.read_text()}" if log.exists() else ""


def upload_page(place: Place) -> None:
    """lighttpd with an upload page beside a front page that says nothing of it."""
    write(place.folder / "www", {"index.html": "<!doctype html><title>Boiler</title>", "update/index.html": UPLOAD})
    types = '( ".html" => "text/html", ".json" => "application/json" )'
    (place.folder / "lighttpd.conf").write_text(
        f'server.port = 80\nserver.document-root = "{place.folder}/www"\n'
        f'index-file.names = ( "index.html" )\nmimetype.assign = {types}\n'
    )
    place.machine.start("lighttpd", "-D", "-f", f"{place.folder}/lighttpd.conf")


def status(place: Place) -> None:
    """lighttpd with a status document that anybody reads."""
    write(place.folder / "www", {"index.html": "<!doctype html><title>Meter</title>", "status": json.dumps(STATUS)})
    (place.folder / "lighttpd.conf").write_text(
        f'server.port = 80\nserver.document-root = "{place.folder}/www"\nindex-file.names = ( "index.html" )\n'
        'mimetype.assign = ( ".html" => "text/html", "" => "application/json" )\n'
    )
    place.machine.start("lighttpd", "-D", "-f", f"{place.folder}/lighttpd.conf")


def loose_api(place: Place) -> None:
    """An interface for programs over plain HTTP: Basic at its root, and a key in addresses by its description."""
    (place.folder / "accounts").write_text("")
    basic = 'auth_basic "api"; auth_basic_user_file FOLDER/accounts;'
    pages = {"index.html": "<!doctype html><title>Heat pump</title>", "openapi.json": json.dumps(QUERY_KEY)}
    nginx(place, f"server {{ listen 80; location /api/ {{ {basic} }} }}", pages)


def sound_api(place: Place) -> None:
    """The same over TLS with bearer tokens, a cookie that stays with https, and a plain port that leads there."""
    self_sign(place.folder, make_ec_key(), place.true.host, days=90)
    asks = """location /api/ { add_header WWW-Authenticate 'Bearer realm="api"' always; return 401; }"""
    cookie = 'add_header Set-Cookie "sid=1; Secure; HttpOnly; SameSite=Lax";'
    servers = "server { listen 80; return 301 https://$host$request_uri; }\n"
    servers += f"server {{ {TLS.format(folder=place.folder)} {asks} location = / {{ {cookie} {HSTS} }} }}"
    pages = {"index.html": "<!doctype html><title>Heat pump</title>", "openapi.json": json.dumps(BEARER)}
    nginx(place, servers, pages)


HSTS = 'add_header Strict-Transport-Security "max-age=31536000" always; try_files /index.html =404;'


def loose_cookies(place: Place) -> None:
    """lighttpd with a login page over both, and over TLS a cookie that does not stay there."""
    self_sign(place.folder, make_ec_key(), place.true.host, days=90)
    write(place.folder / "www", {"index.html": LOGIN})
    (place.folder / "lighttpd.conf").write_text(
        f'server.port = 80\nserver.document-root = "{place.folder}/www"\nindex-file.names = ( "index.html" )\n'
        'server.modules = ( "mod_openssl", "mod_setenv" )\nmimetype.assign = ( ".html" => "text/html" )\n'
        'setenv.add-response-header = ( "Set-Cookie" => "session=1; HttpOnly" )\n'
        '$SERVER["socket"] == ":443" { ssl.engine = "enable"\n'
        f'ssl.pemfile = "{place.folder}/cert.pem"\nssl.privkey = "{place.folder}/key.pem"\n'
        'ssl.openssl.ssl-conf-cmd = ("MinProtocol" => "TLSv1.2", "CipherString" => "ECDHE+AESGCM") }\n'
    )
    place.machine.start("lighttpd", "-D", "-f", f"{place.folder}/lighttpd.conf")


def http2(place: Place) -> None:
    """nghttpd, which speaks HTTP/2 alone, as servers of gRPC do."""
    place.machine.start("nghttpd", "--no-tls", "-d", str(place.folder), "8080")


def influxdb(place: Place) -> None:
    """InfluxDB as it comes: nobody has to log in."""
    folder = place.folder
    (folder / "influxdb.conf").write_text(
        f'bind-address = "127.0.0.1:8088"\nreporting-disabled = true\n[meta]\ndir = "{folder}/meta"\n'
        f'[data]\ndir = "{folder}/data"\nwal-dir = "{folder}/wal"\n[monitor]\nstore-enabled = false\n'
        '[http]\nbind-address = ":8086"\nlog-enabled = false\n'
    )
    place.machine.start("influxd", "-config", str(folder / "influxdb.conf"))


NGINX_TOOL = {"nginx": "nginx-light"}
LIGHTTPD_TOOL = {"lighttpd": "lighttpd"}
MACHINES = (
    Host(name="captive", start=captive, tools=NGINX_TOOL),
    Host(name="swupdate", start=swupdate, tools={"swupdate": "swupdate"}),
    Host(name="hawkbit-open", start=lambda p: hawkbit(p, "open"), harm=registered),
    Host(name="hawkbit-closed", start=lambda p: hawkbit(p, "closed"), harm=registered),
    Host(name="boiler", start=upload_page, tools=LIGHTTPD_TOOL),
    Host(name="meter", start=status, tools=LIGHTTPD_TOOL),
    Host(name="loose-api", start=loose_api, tools=NGINX_TOOL),
    Host(name="sound-api", start=sound_api, tools=NGINX_TOOL),
    Host(name="loose-cookies", start=loose_cookies, tools=LIGHTTPD_TOOL),
    Host(name="influxdb", start=influxdb, tools={"influxd": "influxdb"}),
    Host(name="http2", start=http2, tools={"nghttpd": "nghttp2-server"}),
)
