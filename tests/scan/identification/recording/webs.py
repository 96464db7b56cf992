"""Web servers, and what speaks HTTP on the side."""

import subprocess
from pathlib import Path

from .stage import PYTHONS, ROOT, Tape, daemon, inetd, page, program, upstream, workplace, written

REALMS = ("Restricted", "Administration", "Acme Camera 3", "box", "Please log in")
APACHE_TOKENS = ("Prod", "Major", "Minor", "Min", "OS", "Full")


def _passwords(folder: Path) -> str:
    return written(folder, "users", "u:{PLAIN}p\n")


def nginx() -> Tape:
    tape = Tape("nginx", "nginx", upstream("nginx-light") or upstream("nginx"))
    with workplace() as folder:
        written(folder, "www/index.html", "<title>Welcome to nginx!</title>")
        (folder / "list").mkdir()
        written(folder, "list/a", "x")
        for number, tokens in enumerate(("on", "off", "build")):
            port = 3000 + number
            locks = "".join(
                f' location /{i} {{ auth_basic "{realm}"; auth_basic_user_file {_passwords(folder)}; }}\n'
                for i, realm in enumerate(REALMS)
            )
            text = (
                f"daemon off;\nuser root;\npid {folder}/pid;\nerror_log {folder}/err;\nevents {{}}\nhttp {{\n"
                " access_log off;\n"
                f" server_tokens {tokens};\n server {{ listen 127.0.0.1:{port};\n root {folder}/www;\n{locks}"
                f" location /list/ {{ root {folder}; autoindex on; }} }} }}\n"
            )
            with daemon([program("nginx"), "-c", written(folder, f"{number}.conf", text), "-p", str(folder)], port):
                page(tape, port, f"server_tokens {tokens}")
                page(tape, port, f"server_tokens {tokens}, autoindex", "/list/")
                page(tape, port, f"server_tokens {tokens}, not found", "/none")
                for i in range(len(REALMS) if number == 0 else 0):
                    page(tape, port, f"auth_basic, server_tokens {tokens}", f"/{i}")
    return tape


def lighttpd() -> Tape:
    tape = Tape("lighttpd", "lighttpd", upstream("lighttpd"))
    tags = {"default": "", "no tag": 'server.tag = ""\n', "its own": 'server.tag = "acme-httpd/2"\n'}
    with workplace() as folder:
        written(folder, "www/index.html", "<title>Index of devices</title>")
        written(folder, "www/list/a", "x")
        users = written(folder, "users", "u:p\n")
        for number, (how, tag) in enumerate(tags.items()):
            port = 3010 + number
            locks = ",".join(
                f'"/{i}" => ("method" => "{"digest" if i % 2 else "basic"}", "realm" => "{realm}", '
                '"require" => "valid-user")'
                for i, realm in enumerate(REALMS)
            )
            text = (
                f'{tag}server.document-root = "{folder}/www"\nserver.bind = "127.0.0.1"\nserver.port = {port}\n'
                'server.modules = ("mod_auth", "mod_authn_file", "mod_dirlisting", "mod_indexfile")\n'
                f'dir-listing.activate = "enable"\nindex-file.names = ("index.html")\nauth.backend = "plain"\n'
                f'auth.backend.plain.userfile = "{users}"\nauth.require = ({locks})\n'
            )
            with daemon([program("lighttpd"), "-D", "-f", written(folder, f"{number}.conf", text)], port):
                page(tape, port, how)
                page(tape, port, f"{how}, mod_dirlisting", "/list/")
                for i in range(len(REALMS) if number == 0 else 0):
                    page(tape, port, "auth.require", f"/{i}")
    return tape


def apache() -> Tape:
    tape = Tape("apache2-bin", "HTTP Server", upstream("apache2-bin"))
    with workplace() as folder:
        written(folder, "www/index.html", "<title>Apache2 Debian Default Page: It works</title>")
        written(folder, "www/list/a", "x")
        for number, tokens in enumerate(APACHE_TOKENS):
            port = 3020 + number
            mods = "/usr/lib/apache2/modules"
            names = (
                "mpm_event",
                "authz_core",
                "dir",
                "autoindex",
                "mime",
                "auth_basic",
                "authn_core",
                "authn_file",
                "authz_user",
                "alias",
            )
            loads = "".join(f"LoadModule {n}_module {mods}/mod_{n}.so\n" for n in names)
            extra = (
                f"LoadModule ssl_module {mods}/mod_ssl.so\nLoadModule dav_module {mods}/mod_dav.so\n"
                if number > 3
                else ""
            )
            locks = "".join(
                f'<Location "/{i}">\nAuthType Basic\nAuthName "{realm}"\nAuthUserFile {folder}/u\n'
                "Require valid-user\n</Location>\n"
                for i, realm in enumerate(REALMS)
            )
            text = (
                f"{loads}{extra}ServerRoot {folder}\nPidFile {folder}/pid{number}\nListen 127.0.0.1:{port}\n"
                "ServerName box\n"
                f"ErrorLog {folder}/err\nServerTokens {tokens}\nServerSignature On\nTypesConfig /dev/null\n"
                f"DocumentRoot {folder}/www\n<Directory {folder}/www>\nOptions +Indexes\nRequire all granted\n"
                f"</Directory>\n{locks}"
            )
            with daemon([program("apache2"), "-DFOREGROUND", "-f", written(folder, f"{number}.conf", text)], port):
                page(tape, port, f"ServerTokens {tokens}")
                page(tape, port, f"ServerTokens {tokens}, mod_autoindex", "/list/")
                for i in range(len(REALMS) if number == 0 else 0):
                    page(tape, port, "AuthType Basic", f"/{i}")
    return tape


def small_ones() -> list[Tape]:
    tapes = []
    with workplace() as folder:
        written(folder, "index.html", "<title>box</title>")
        tape = Tape("mini-httpd", "mini_httpd", upstream("mini-httpd"))
        for number, options in enumerate(([], ["-T", "utf-8"], ["-M", "60"])):
            port = 3030 + number
            with daemon(
                [program("mini_httpd"), "-D", "-h", "127.0.0.1", "-p", str(port), "-d", str(folder), *options], port
            ):
                page(tape, port, " ".join(options) or "no options")
                page(tape, port, "not found", "/none")
        tapes.append(tape)
        tape = Tape("micro-httpd", "micro_httpd", upstream("micro-httpd"))
        with inetd([program("micro-httpd"), str(folder)], 3034):
            page(tape, 3034, "inetd")
            page(tape, 3034, "not found", "/none")
        tapes.append(tape)
        tape = Tape("webfs", "webfs", upstream("webfs"))
        for number, options in enumerate(([], ["-f", "index.html"])):
            port = 3040 + number
            with daemon(
                [program("webfsd"), "-F", "-i", "127.0.0.1", "-p", str(port), "-r", str(folder), *options], port
            ):
                page(tape, port, " ".join(options) or "no options")
        tapes.append(tape)
        tape = Tape("busybox-static", "BusyBox httpd", upstream("busybox-static"))
        with daemon(
            [program("busybox"), "httpd", "-f", "-p", "127.0.0.1:3044", "-h", str(folder), "-r", "Acme Router X"], 3044
        ):
            page(tape, 3044, "busybox httpd")
            page(tape, 3044, "not found", "/none")
        tapes.append(tape)
        tape = Tape("caddy", "Caddy", upstream("caddy"))
        with daemon(
            [program("caddy"), "file-server", "--listen", "127.0.0.1:3046", "--root", str(folder), "--browse"], 3046
        ):
            page(tape, 3046, "file-server")
        tapes.append(tape)
        tape = Tape("haproxy", "HAProxy", upstream("haproxy"))
        text = (
            "defaults\n mode http\n timeout client 5s\n timeout server 5s\n timeout connect 5s\n"
            "frontend f\n bind 127.0.0.1:3048\n stats enable\n stats uri /\n"
        )
        with daemon([program("haproxy"), "-db", "-f", written(folder, "haproxy.cfg", text)], 3048):
            page(tape, 3048, "statistics")
        tapes.append(tape)
        tape = Tape("tinyproxy-bin", "tinyproxy", upstream("tinyproxy-bin"))
        errors = ROOT / "usr/share/tinyproxy/default.html"
        text = f'Port 3050\nListen 127.0.0.1\nLogFile "{folder}/tp.log"\nDefaultErrorFile "{errors}"\n'
        with daemon([program("tinyproxy"), "-d", "-c", written(folder, "tp.conf", text)], 3050):
            page(tape, 3050, "as a web server")
        tapes.append(tape)
    return tapes


def media() -> list[Tape]:
    tapes = []
    with workplace() as folder:
        folder.chmod(0o777)
        tape = Tape("transmission-daemon", "Transmission", upstream("transmission-daemon"))
        command = [
            program("transmission-daemon"),
            "-f",
            "-p",
            "3060",
            "-g",
            str(folder / "t"),
            "-a",
            "127.0.0.1",
            "-M",
            "-O",
        ]
        with daemon([*command, "-t", "-u", "u", "-v", "p"], 3060):
            page(tape, 3060, "with a password", "/transmission/web/")
        tapes.append(tape)
        tape = Tape("icecast2", "Icecast", upstream("icecast2"))
        share = f"{ROOT}/usr/share/icecast2"
        text = (
            "<icecast><limits><sources>1</sources></limits><authentication><source-password>x</source-password>"
            "<admin-user>admin</admin-user><admin-password>x</admin-password></authentication><hostname>box</hostname>"
            "<listen-socket><port>3062</port><bind-address>127.0.0.1</bind-address></listen-socket><paths>"
            f"<logdir>{folder}</logdir><webroot>{share}/web</webroot><adminroot>{share}/admin</adminroot></paths>"
            "<security><chroot>0</chroot><changeowner><user>nobody</user><group>nogroup</group></changeowner></security"
            ">"
            "<logging><errorlog>-</errorlog></logging></icecast>"
        )
        with daemon([program("icecast2"), "-c", written(folder, "ice.xml", text)], 3062):
            page(tape, 3062, "status page", "/status.xsl")
            page(tape, 3062, "administration", "/admin/")
        tapes.append(tape)
        tape = Tape("cups-daemon", "CUPS", upstream("cups-daemon"))
        for number, tokens in enumerate(("None", "ProductOnly", "Major", "Minor", "Minimal", "Full")):
            port = 3070 + number
            (folder / f"c{number}").mkdir()
            files = (
                f"ServerRoot {folder}/c{number}\nDocumentRoot {folder}\nServerBin {ROOT}/usr/lib/cups\n"
                f"StateDir {folder}/c{number}\n"
                f"RequestRoot {folder}/c{number}\nCacheDir {folder}/c{number}\nTempDir {folder}/c{number}\n"
                f"DataDir {ROOT}/usr/share/cups\n"
                f"AccessLog {folder}/a\nErrorLog {folder}/e\nPageLog {folder}/p\nUser lp\nGroup lp\nSystemGroup root\n"
            )
            text = (
                f"Listen 127.0.0.1:{port}\nServerTokens {tokens}\nWebInterface Yes\nDefaultShared No\n"
                "<Location />\nOrder allow,deny\n</Location>\n"
            )
            command = [
                program("cupsd"),
                "-f",
                "-c",
                written(folder, f"cupsd{number}.conf", text),
                "-s",
                written(folder, f"f{number}.conf", files),
            ]
            with daemon(command, port):
                page(tape, port, f"ServerTokens {tokens}")
        tapes.append(tape)
    return tapes


APPS = {
    "http.server": (
        "http.server",
        None,
        "import http.server as h\nh.test(h.SimpleHTTPRequestHandler, port={port}, bind='127.0.0.1')\n",
    ),
    "wsgiref": (
        "wsgiref",
        None,
        "from wsgiref.simple_server import make_server, demo_app\n"
        "make_server('127.0.0.1', {port}, demo_app).serve_forever()\n",
    ),
    "werkzeug": (
        "Werkzeug",
        "werkzeug",
        "from werkzeug.serving import run_simple\nfrom werkzeug import Response\n"
        "run_simple('127.0.0.1', {port}, Response('<title>Login</title>', mimetype='text/html'))\n",
    ),
    "tornado": (
        "Tornado",
        "tornado",
        "import tornado.web, tornado.ioloop\ntornado.web.Application([]).listen({port}, '127.0.0.1')\n"
        "tornado.ioloop.IOLoop.current().start()\n",
    ),
    "gunicorn": (
        "Gunicorn",
        "gunicorn",
        "import sys\nsys.argv = ['gunicorn', '-b', '127.0.0.1:{port}', 'wsgiref.simple_server:demo_app']\n"
        "from gunicorn.app.wsgiapp import run\nrun()\n",
    ),
    "aiohttp": (
        "aiohttp",
        "aiohttp",
        "from aiohttp import web\nweb.run_app(web.Application(), host='127.0.0.1', port={port}, print=None)\n",
    ),
    "uvicorn": (
        "Uvicorn",
        "uvicorn",
        "import uvicorn\nasync def app(scope, receive, send):\n"
        " await send({{'type': 'http.response.start', 'status': 200, 'headers': []}})\n"
        " await send({{'type': 'http.response.body', 'body': b'<title>box</title>'}})\n"
        "uvicorn.run(app, host='127.0.0.1', port={port}, lifespan='off')\n",
    ),
    "hypercorn": (
        "Hypercorn",
        "hypercorn",
        "import asyncio\nfrom hypercorn.config import Config\nfrom hypercorn.asyncio import serve\n"
        "async def app(scope, receive, send):\n if scope['type'] != 'http': return\n"
        " await send({{'type': 'http.response.start', 'status': 200, 'headers': []}})\n"
        " await send({{'type': 'http.response.body', 'body': b'hello'}})\n"
        "c = Config(); c.bind = ['127.0.0.1:{port}']\nasyncio.run(serve(app, c))\n",
    ),
    "waitress": (
        "Waitress",
        "waitress",
        "import waitress\nfrom wsgiref.simple_server import demo_app\n"
        "waitress.serve(demo_app, host='127.0.0.1', port={port})\n",
    ),
    "twisted": (
        "TwistedWeb",
        "twisted",
        "from twisted.web import server, static\nfrom twisted.internet import reactor\n"
        "reactor.listenTCP({port}, server.Site(static.File('/usr/share/doc')), interface='127.0.0.1')\nreactor.run()\n",
    ),
    "cherrypy": (
        "CherryPy",
        "cherrypy",
        "import cherrypy\ncherrypy.config.update({{'server.socket_host': '127.0.0.1', 'server.socket_port': {port}}})\n"
        "class A: pass\ncherrypy.quickstart(A())\n",
    ),
}


def python_apps() -> list[Tape]:
    tapes = []
    wanted = [(python, name, *rest) for python in PYTHONS for name, rest in APPS.items()]
    for number, (python, name, product, package, code) in enumerate(wanted):
        port = 3100 + number
        ask = f"import {name} as m, wsgiref.simple_server as w; print(getattr(m, '__version__', w.__version__))"
        version = (
            "" if package else subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True).stdout
        )
        version = version.strip()
        if package:
            ask = f"import importlib.metadata as m; print(m.version('{package}'))"
            version = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=False).stdout.strip()
            if not version:
                continue
        tape = Tape(f"PyPI {package}" if package else "Python's own", product, version)
        try:
            with daemon([python, "-c", code.format(port=port)], port):
                page(tape, port, f"{name}, its defaults")
                page(tape, port, f"{name}, not found", "/none")
        except RuntimeError as error:
            print(f"{name} {version} of {python}: {error}")
            continue
        tapes.append(tape)
    return tapes
