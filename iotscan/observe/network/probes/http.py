"""The front page of a web server and what it asks before it shows more (RFC 9110)."""

from hashlib import sha256

from iotscan.model.facts import HttpServer, kind_of
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.probe import Door, Heard, Missed, Probe, missed, speaks_tls
from iotscan.observe.network.probes.web import FRONT_PAGE_CAP, ask_all, get, origin
from iotscan.observe.network.web_session import Ask
from iotscan.wire.html import Page, read_page
from iotscan.wire.http import HttpResponse, challenges, read_cookies

_HEADER = 200


async def ask_http(door: Door) -> Heard:
    """``GET /``; where it sends the browser on to this same service, that page is the front page too."""
    try:
        first = await _front_page(door)
        onward = _onward(door, first)
        last = await get(door, onward, cap=FRONT_PAGE_CAP) if onward else first
    except DialError as error:
        return Heard(missed=(missed(HttpServer, error),))
    page = _page(last)
    if not page.has_password and (why := _unread(last) or _not_shown(first, last)):
        # What was not read may ask for a password: to say it does not would be a guess.
        return Heard(missed=(_unreadable(why),))
    fact = _describe(door, first, last, page)
    return Heard(facts=(fact,), excerpt=_excerpt(fact))


async def _front_page(door: Door) -> HttpResponse:
    """``GET /``, and where it leads to if the connection stays open. Raises a DialError."""

    def onward(response: HttpResponse) -> str:
        return _onward(door, response) if response.path == "/" else ""

    (reply,) = await ask_all(door, (Ask(path="/", cap=FRONT_PAGE_CAP),), onward=onward)
    if isinstance(reply, DialError):
        raise reply
    return reply


def _onward(door: Door, response: HttpResponse) -> str:
    """Another path of this service that the browser would be sent to, empty without one."""
    page = _page(response)
    reference = response.header("location") if response.is_redirect else page.onward
    if not reference or page.has_password:
        return ""
    target = origin(door).resolve(reference.encode("latin-1", "replace").decode("utf-8", "replace"))
    return target if target and target != "/" else ""


def _page(response: HttpResponse) -> Page:
    return read_page(response.body) if response.is_html and not response.is_opaque else Page()


def _unread(response: HttpResponse) -> str:
    """Why a page may hold more than was read; empty when all of it was."""
    if not 200 <= response.status < 300 or not response.is_html:
        return ""
    if response.is_opaque:
        return "the front page is coded in a way we did not ask for"
    return "the front page did not end within what we read" if response.is_truncated else ""


def _not_shown(first: HttpResponse, last: HttpResponse) -> str:
    """Why a front page that only leads on does not tell what is asked; empty where the next page does."""
    is_shown = last is first or 200 <= last.status < 300 or last.status in (401, 407)
    return (
        "" if is_shown or not 200 <= first.status < 300 else f"the front page leads to one that answers {last.status}"
    )


def _unreadable(why: str) -> Missed:
    return Missed(need=kind_of(HttpServer), status=AttemptStatus.UNREADABLE, reason=Reason.UNREADABLE, detail=why)


def _describe(door: Door, first: HttpResponse, last: HttpResponse, page: Page) -> HttpServer:
    """Status, Location and Server of ``/`` itself; what is asked and shown, of where the browser ends."""
    both = (first,) if last is first else (first, last)
    cookies = read_cookies(c for r in both for c in r.fields("set-cookie"))
    asked = challenges(c for r in both if r.status in (401, 407) for c in r.fields("www-authenticate"))
    hsts = next((v for r in both if (v := r.header("strict-transport-security"))), "")
    return HttpServer(
        tls=speaks_tls(door.service),
        status=first.status,
        title=page.title,
        server=_shown(first.header("server") or last.header("server")),
        location=_shown(first.header("location"), 500),
        challenges=tuple(dict.fromkeys(asked)),
        has_login_form=page.has_password,
        has_script=page.has_script,
        cookies=tuple({c.name: c for c in cookies}.values()),
        strict_transport_security=_shown(hsts),
        body_sha256=sha256(last.body).hexdigest(),
    )


def _shown(value: str, limit: int = _HEADER) -> str:
    return safe_text(value.encode("latin-1", "replace"), limit)


def _excerpt(fact: HttpServer) -> str:
    return " ".join(filter(None, (f"HTTP {fact.status}", fact.server, fact.title, fact.location)))


PROBE = Probe(
    name="http", version=1, speaks=frozenset({"http", "https"}), gives=(HttpServer,), ask=ask_http, shows=True
)
