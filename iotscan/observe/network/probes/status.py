"""What a web server shows of the device's version and identity before anybody has logged in. GET only."""

from typing import Final

from iotscan.model.facts import Disclosure, kind_of
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.probe import Door, Heard, Missed, Probe, missed, speaks_tls
from iotscan.observe.network.probes.web import FRONT_PAGE_CAP, ask_all, control
from iotscan.observe.network.web_session import Ask, Reply
from iotscan.wire.disclosure import told
from iotscan.wire.http import HttpResponse

USUAL: Final = ("/status", "/status.json", "/info", "/api/status", "/shelly")
_CAP: Final = 16 * 1024


async def ask_status(door: Door) -> Heard:
    """Read the front page and the usual status documents; the place that shows most is told."""
    asks = [ask for ask in _asks(door) if not door.web.spares(ask)]
    replies = dict(zip(asks, await ask_all(door, asks), strict=True))
    shown = [_shown(door, ask.path, reply) for ask, reply in replies.items() if ask is not asks[0]]
    best = max(shown, key=lambda fact: len(fact.shows))
    if best.shows:
        return Heard(facts=(best,), excerpt=f"{best.path}: {', '.join(thing.kind for thing in best.shows)}")
    errors = [reply for reply in replies.values() if isinstance(reply, DialError)]
    if errors:
        # With nothing shown elsewhere, what was not read may show it.
        return Heard(missed=(missed(Disclosure, errors[0]),))
    front = replies[asks[1]]
    if isinstance(front, HttpResponse) and _is_unread(front):
        gap = Missed(
            need=kind_of(Disclosure),
            status=AttemptStatus.UNREADABLE,
            reason=Reason.UNREADABLE,
            detail=f"the front page answers {front.status} and cannot be read to its end",
        )
        return Heard(missed=(gap,))
    return Heard(facts=(best,))


def _is_unread(front: HttpResponse) -> bool:
    """Whether what a front page shows is not known: it was refused for now, or not read to its end."""
    return front.status == 429 or front.status >= 500 or front.is_opaque or front.is_truncated


def _asks(door: Door) -> tuple[Ask, ...]:
    usual = (Ask(path=path, cap=_CAP, is_guess=path != USUAL[0]) for path in USUAL)
    return (control(door), Ask(path="/", cap=FRONT_PAGE_CAP, follow=True), *usual)


def _shown(door: Door, path: str, reply: Reply) -> Disclosure:
    is_read = isinstance(reply, HttpResponse) and reply.status == 200 and not reply.is_opaque
    shows = told(reply.body) if is_read and isinstance(reply, HttpResponse) else ()
    at = reply.path if isinstance(reply, HttpResponse) else path
    return Disclosure(shows=shows, tls=speaks_tls(door.service), port=door.port, path=at)


PROBE = Probe(
    name="status",
    version=1,
    speaks=frozenset({"http", "https"}),
    gives=(Disclosure,),
    ask=ask_status,
    stage=5,
    ahead=_asks,
)
