"""WebSockets are opened inside TLS.

## What it looks at
Whether a web server proves, without TLS, that it speaks WebSocket at a path that its front page names, or that says so
itself (`426 Upgrade Required`). Nothing is said in it, and nothing that it carries is kept (`websocket-access`). A
WebSocket that only a script puts together is not seen.

## Why it matters
Over a WebSocket a page talks with the device: readings, commands, often the token of the session in its first message
or address. Without TLS everybody on the path reads it and can speak in it as if they were the user.

## How to fix
Serve the page and its socket over https alone, and let the page open `wss://` (`location.protocol === "https:" ?
"wss:" : "ws:"`). nginx in front of the program: `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection "upgrade";` in a server block with `listen 443 ssl`, and `return 301` on port 80. mosquitto:
`protocol websockets` together with `certfile` and `keyfile`.

## References
- RFC 6455 sections 10.5 and 10.6 (authentication of clients; confidentiality by TLS)
- ETSI EN 303 645 V3.1.3 provision 5.5-1; OWASP IoT Top 10 2018 I7
"""

from iotscan.sdk import Returned, Target, WebSocketServer, bad, check, clause, command, good

# The key and its proof of RFC 6455 section 1.3.
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
PROOF = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@check(
    id="websocket-encryption",
    aliases=("SVC-014",),
    title="WebSockets are opened inside TLS",
    element="communication",
    variants={"cleartext": ("medium", "A WebSocket is opened without TLS")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("OWASP IoT Top 10", "2018", "I7"),
        clause("IEC 62443-4-2", "2019", "CR 4.1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("cleartext", "network", "web"),
    since="0.1",
    effort="medium",
)
def websocket_encryption(socket: WebSocketServer, target: Target) -> Returned:
    """Judge one that was opened."""
    if socket.tls:
        return good("its WebSocket is opened inside TLS", observed=socket.path)
    fields = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {KEY}")
    asks = command("curl", "-g", "-s", "-i", "-N", "--http1.1", "-m", "2")
    asks += "".join(f" -H {command(field)}" for field in fields)
    return bad(
        "cleartext",
        f"it opens a WebSocket at {socket.path} without TLS",
        observed=f"{socket.path}: 101 Switching Protocols",
        expected="wss:// alone",
        reproduce=f"{asks} {command(target.url('http', socket.path))} | grep -ai '^sec-websocket-accept'",
        shows=PROOF,
    )
