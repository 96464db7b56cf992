"""A small web application with a login form and sessions, and sites that only look like one."""

import secrets
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from tests.observe.network.acme import PASSWORD, USER
from tests.observe.network.daemons import HOST

Answer = tuple[int, Sequence[tuple[str, str]], str]

FORM = """<html><head><title>{title}</title></head><body><p>Welcome! Log out, dashboard, success.</p>
<form method="post" action="{action}"{more}><input type="hidden" name="csrf" value="{csrf}">
<select name="lang"><option value="de">de<option value="en" selected>en</select>
{user}<input type="password" name="pw"><input type="submit" name="go" value="Log in"></form></body></html>"""
USER_FIELD = '<input name="login" value="">'
INSIDE = '<html><title>Live</title><h1>Live view</h1><a href="/logout">Log out</a></html>'


class LoginSite:
    """The honest one: ``/`` wants a session, ``/login`` gives one for the password and a token of its own form."""

    action, more, script, user_field, title, user = "/login", "", "", USER_FIELD, "Acme Cam", USER

    def __init__(self, password: str = PASSWORD) -> None:
        self.password = password
        self.tokens: set[str] = set()
        self.sessions: set[str] = set()
        self.requests: list[tuple[str, str]] = []
        self.tried: list[str] = []
        self.failures: Counter[str] = Counter()

    def answer(self, method: str, path: str, cookies: dict[str, str], form: dict[str, str]) -> Answer:
        self.requests.append((method, path))
        if method == "POST" and path == "/login":
            self.tried.append(form.get("login", ""))
            if form.get("csrf") not in self.tokens or form.get("lang") != "en" or form.get("go") != "Log in":
                return 400, (), "broken form"
            return self.post(form)
        if path == "/logout":
            self.sessions.discard(cookies.get("sid", ""))
            return 302, (("Location", "/login"),), ""
        if path == "/login":
            return 200, (), self.page()
        return self.front(cookies)

    def front(self, cookies: dict[str, str]) -> Answer:
        if cookies.get("sid") in self.sessions:
            return 200, (), INSIDE
        return 302, (("Location", "/login"),), ""

    def page(self) -> str:
        token = secrets.token_hex(8)
        self.tokens.add(token)
        page = FORM.format(action=self.action, more=self.more, csrf=token, user=self.user_field, title=self.title)
        return page.replace("</head>", f"{self.script}</head>")

    def is_right(self, form: dict[str, str]) -> bool:
        return form.get("login", self.user) == self.user and form["pw"] == self.password

    def post(self, form: dict[str, str]) -> Answer:
        if self.is_right(form):
            return self.let_in()
        self.failures[form.get("login", "")] += 1
        return 302, (("Location", "/login"),), ""

    def let_in(self) -> Answer:
        sid = secrets.token_hex(8)
        self.sessions.add(sid)
        return 302, (("Location", "/"), ("Set-Cookie", f"sid={sid}; HttpOnly; Path=/")), ""


@contextmanager
def login_site(site: Any, *, protocol: str = "HTTP/1.1", at: tuple[str, int] = (HOST, 0)) -> Iterator[int]:
    """Serve a site; yields its port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = protocol

        def do_GET(self) -> None:
            self.reply("GET")

        def do_POST(self) -> None:
            self.reply("POST")

        def reply(self, method: str) -> None:
            size = int(self.headers.get("Content-Length", "0"))
            form = {k: v[0] for k, v in parse_qs(self.rfile.read(size).decode(), keep_blank_values=True).items()}
            cookies = {k: m.value for k, m in SimpleCookie(self.headers.get("Cookie", "")).items()}
            status, headers, body = site.answer(method, self.path, cookies, form)
            self.send_response(status)
            for header in headers:
                self.send_header(*header)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(at, Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()
