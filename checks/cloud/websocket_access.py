"""WebSockets are open to those alone who have logged in, and to the device's own pages.

## What it looks at
A WebSocket that a web server opens to somebody who shows no login (`websocket-encryption` says how one is found):
whether it is opened to a page of another site as well, as a browser names it in the field Origin, and what it says
unasked within a second: records, or that it wants a login. Nothing is said in it, and of what it says only the shape
is kept. One that opens to every page and keeps silent may want a login in the first message: that stays open.

## Why it matters
No browser keeps a page of another site from opening a WebSocket to a device: the server has to compare Origin. Where it
does not and asks for no login inside, every page that somebody in the network visits reads and speaks in it, with the
cookies of the user who is logged in. Where records come unasked, everybody who connects has them.

## How to fix
Compare Origin with the own name and refuse the rest with 403: Node.js `ws` in the `upgrade` event, Socket.IO
`cors.origin`, Django Channels `AllowedHostsOriginValidator`, Spring `setAllowedOrigins`, Tornado `check_origin`, Go
`websocket.Upgrader.CheckOrigin`; nginx in front: `if ($http_origin !~ ...) { return 403; }`. Ask for a token in the
first message, or refuse the upgrade without one, before anything is sent.

## References
- RFC 6455 sections 10.1 and 10.2 (servers verify Origin), 10.5 (authentication of clients)
- OWASP Web Security Testing Guide 4.2, testing WebSockets; OWASP IoT Top 10 2018 I3
"""

from iotscan.sdk import Returned, Target, Verdict, WebSocketServer, bad, check, clause, command, good, unknown

# The key and its proof of RFC 6455 section 1.3.
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
PROOF = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
FOREIGN = "https://iotscan.invalid"


@check(
    id="websocket-access",
    title="WebSockets are open to those alone who have logged in, and to the device's own pages",
    element="cloud",
    variants={
        "data": ("high", "A WebSocket gives data to everybody"),
        "foreign-pages": ("high", "A WebSocket gives data to everybody, to pages of any site too"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-5"),
        clause("OWASP IoT Top 10", "2018", "I3"),
        clause("EN 18031-1", "2024", "ACM-2"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("exposure", "network", "web"),
    since="0.1",
    confidence="firm",
    effort="low",
)
def websocket_access(socket: WebSocketServer, target: Target) -> Returned:
    """Who asks for a login inside is good, whoever it opens to; who is silent stays open, whoever it opens to."""
    if socket.says == "data":
        return to_everybody(socket, target)
    if socket.says == "asks":
        return good(f"its WebSocket at {socket.path} asks for a login before it gives anything")
    if socket.foreign_origin.value and socket.says != "closes":
        return unknown(
            f"its WebSocket at {socket.path} is opened to pages of any site and gave nothing unasked: whether it wants "
            "a login in the first message was not tried. Say in it, without a login, what its own page says first"
        )
    return unknown(f"its WebSocket at {socket.path} gave nothing unasked: whether it wants a login was not tried")


def to_everybody(socket: WebSocketServer, target: Target) -> Verdict:
    """Records came: to whoever connects, and where Origin was a foreign one to the page of any site as well."""
    is_foreign = bool(socket.foreign_origin.known)
    return bad(
        "foreign-pages" if is_foreign else "data",
        f"its WebSocket at {socket.path} gives records to somebody who has not logged in"
        + (", and to pages of any site" if is_foreign else ""),
        observed=f"{socket.path}: opened{f' for Origin {FOREIGN}' if is_foreign else ''}, and records came unasked",
        expected="a login before anything is given" + (", and 403 for every Origin but its own" if is_foreign else ""),
        reproduce=opens(socket, target),
        shows=PROOF,
    )


def opens(socket: WebSocketServer, target: Target) -> str:
    """A line that opens it as was done: as a page of another site, as one of its own, or as none."""
    fields = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {KEY}"]
    scheme = "https" if socket.tls else "http"
    if socket.foreign_origin.known or socket.own_origin:
        fields.append(f"Origin: {FOREIGN if socket.foreign_origin.known else target.url(scheme, '')}")
    asks = command("curl", "-g", "-k", "-s", "-i", "-N", "--http1.1", "-m", "2")
    asks += "".join(f" -H {command(field)}" for field in fields)
    url = target.url(scheme, socket.path)
    return f"{asks} {command(url)} | grep -ai '^sec-websocket-accept'"
