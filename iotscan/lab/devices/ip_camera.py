"""An old IP camera: web page and telnet in the clear, both behind one documented default login."""

from iotscan.lab.place import Hearing, Place, Speaking
from iotscan.lab.terminal import Terminal, run_shell
from iotscan.lab.web import NOT_FOUND, Page, Request, basic_login, html, serve

MODEL = "Acme IPCam 100"
LOGIN = ("admin", "acme-1234")
"""What its manual says; published in docs/guide/practice-network.md and ``credentials.yaml``."""
TRIES = 3

LIVE = html(MODEL, "<h1>Live view</h1><p>No picture: this is a practice device.</p>")
LOCKED = html(
    "401 Unauthorized",
    "<h1>401 Unauthorized</h1>",
    status=401,
    headers=(("WWW-Authenticate", f'Basic realm="{MODEL}"'),),
)


def site(request: Request) -> Page:
    """One page, behind Basic authentication."""
    if request.path not in ("/", "/index.html"):
        return NOT_FOUND
    return LIVE if basic_login(request) == LOGIN else LOCKED


async def talk(reader: Hearing, writer: Speaking) -> None:
    """Telnet: a login with three tries, then a root shell."""
    terminal = Terminal(reader, writer)
    await terminal.greet("Acme IPCam telnetd\nlogin: ")
    for left in reversed(range(TRIES)):
        user = await terminal.hear()
        password = await terminal.ask_hidden("Password: ")
        if (user, password) == LOGIN:
            await terminal.say("\nBusyBox v1.12.1 built-in shell (ash)\n\n")
            await run_shell(terminal)
            return
        await terminal.say("Login incorrect\n" + ("login: " if left else ""))


async def settle(place: Place) -> None:
    """Listen on http and telnet."""
    await place.listen(80, serve(site, server="Acme-httpd/1.0"))
    await place.listen(23, talk)
