"""Whether a web server hands out certificates to devices: EST, BRSKI, CMP, SCEP, ACME. GET only, nothing is enrolled.

What EST, SCEP and ACME give to a GET proves what they are. CMP and BRSKI take POST alone: they show by refusing GET at
their registered address, where an address beside it that nobody has is not found.
"""

from typing import Final

from iotscan.model.facts import EnrolmentServer, OpenService, kind_of
from iotscan.model.facts.enrolment import EnrolmentEndpoint, EnrolmentProtocol
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.probe import Door, Heard, Missed, Probe, missed, speaks_tls
from iotscan.observe.network.probes.web import ask_all, control, nothing_found
from iotscan.observe.network.web_session import Ask, Reply
from iotscan.wire.enrolment import cleartext_resources, is_acme_directory, read_ca_certificates, read_capabilities
from iotscan.wire.http import HttpResponse

FOLDER: Final = "/.well-known/"
EST: Final = "/.well-known/est/cacerts"
BY_REFUSAL: Final[dict[str, EnrolmentProtocol]] = {
    "/.well-known/cmp": "cmp",
    "/.well-known/brski/requestvoucher": "brski",
}
SCEP: Final = ("/scep", "/cgi-bin/pkiclient.exe")
SCEP_OF_WINDOWS: Final = "/certsrv/mscep/mscep.dll"
ACME: Final = ("/directory", "/acme/directory", "/acme/acme/directory")
_CAPABILITIES: Final = "?operation=GetCACaps"
_CERTIFICATES: Final = "?operation=GetCACert"
_CAP: Final = 64 * 1024
_FIRST: Final = 2
_EST_ALONE: Final = Missed(
    need=kind_of(EnrolmentServer),
    status=AttemptStatus.NOT_TRIED,
    reason=Reason.NOT_OBSERVABLE,
    detail="no EST server, and not asked for others: with so many services its packets are needed elsewhere",
)
_SERVICE_NEEDS: Final = 60
"""Packets that the questions to one service take, a web server with its certificate and all."""
_GONE: Final = (404, 410)
_NOT_BY_GET: Final = (400, 405, 411, 415)
_DENIED: Final = (401, 403)
_CMP: Final = "application/pkixcmp"


async def ask_enrolment(door: Door) -> Heard:
    """Ask what nobody has, then the usual places; where SCEP answers, for its certificate."""
    asks = _asks(door)
    # Whether a server keeps a connection is known once it was asked to.
    replies: dict[str, Reply] = await _ask(door, asks[:2])
    nobody = replies[door.web.control()]
    if isinstance(nobody, DialError):
        return Heard(missed=(missed(EnrolmentServer, nobody),))
    is_windows = "iis" in nobody.header("server").lower()
    further = (Ask(path=SCEP_OF_WINDOWS + _CAPABILITIES, cap=_CAP, is_guess=True),) if is_windows else ()
    replies |= await _ask(door, (*asks[2:], *further))
    whole = tuple(path for path, reply in replies.items() if _capabilities(path, reply, nobody))
    replies |= await _ask(door, [Ask(path=path.replace(_CAPABILITIES, _CERTIFICATES), cap=_CAP) for path in whole])
    beside = replies.get(door.web.control(FOLDER))
    found = (_endpoint(path, reply, (nobody, beside), replies) for path, reply in replies.items())
    endpoints = tuple(endpoint for endpoint in found if endpoint)
    if not endpoints:
        errors = [reply for reply in replies.values() if isinstance(reply, DialError)]
        if errors:
            return Heard(missed=(missed(EnrolmentServer, errors[0]),))
        # What was kept for certificates leaves SCEP, ACME, CMP and BRSKI open.
        return nothing_found(EnrolmentServer, nobody) if len(asks) > _FIRST else Heard(missed=(_EST_ALONE,))
    fact = EnrolmentServer(tls=speaks_tls(door.service), endpoints=endpoints)
    return Heard(facts=(fact,), excerpt=" ".join(f"{e.protocol} {e.path}" for e in endpoints)[:200])


async def _ask(door: Door, asks: tuple[Ask, ...] | list[Ask]) -> dict[str, Reply]:
    cheap = [ask for ask in asks if not door.web.spares(ask)]
    return dict(zip([ask.path for ask in cheap], await ask_all(door, cheap), strict=True))


def _asks(door: Door) -> tuple[Ask, ...]:
    """EST in any case; the others where that costs no conversation of its own, nor what other services need."""
    beside = Ask(path=door.web.control(FOLDER), cap=_CAP, is_guess=True)
    scep = (Ask(path=path + _CAPABILITIES, cap=_CAP, is_guess=True) for path in SCEP)
    others = (beside, *(Ask(path=path, cap=_CAP, is_guess=True) for path in (*BY_REFUSAL, *ACME)), *scep)
    first = (control(door), Ask(path=EST, cap=_CAP))
    return (*first, *others) if _has_room(door) or door.web.known(beside) else first


def _has_room(door: Door) -> bool:
    """Whether a device has packets left for guesses: of one with many services the certificates matter more."""
    services = sum(name.startswith("tcp/") and isinstance(fact, OpenService) for name, fact in door.known)
    return door.line.pace.packets - door.line.packets > _SERVICE_NEEDS * services


def _endpoint(
    path: str, reply: Reply, controls: tuple[HttpResponse, Reply | None], replies: dict[str, Reply]
) -> EnrolmentEndpoint | None:
    """What one reply proves. ``controls`` are the replies for what nobody has, at the root and beside EST and CMP."""
    if not isinstance(reply, HttpResponse):
        return None
    nobody, beside = controls
    bare = safe_text(path.partition("?")[0])
    if path == EST:
        return _est(reply, nobody)
    if path in BY_REFUSAL:
        return _refusing(bare, reply, nobody, beside)
    if capabilities := _capabilities(path, reply, nobody):
        given = replies.get(path.replace(_CAPABILITIES, _CERTIFICATES))
        return EnrolmentEndpoint(
            protocol="scep", path=bare, proof="content", capabilities=capabilities, authorities=_authorities(given)
        )
    if path in ACME and reply.status == 200 and is_acme_directory(reply.json_object()):
        cleartext = tuple(cleartext_resources(reply.json_object()))
        return EnrolmentEndpoint(protocol="acme", path=bare, proof="content", cleartext=cleartext)
    return None


def _est(reply: HttpResponse, nobody: HttpResponse) -> EnrolmentEndpoint | None:
    if reply.status in _DENIED and nobody.status in _GONE:
        return EnrolmentEndpoint(protocol="est", path=EST, proof="refusal", asks_login=True)
    authorities = _authorities(reply)
    if not authorities or reply.body == nobody.body:
        return None
    return EnrolmentEndpoint(protocol="est", path=EST, proof="content", authorities=authorities)


def _refusing(path: str, reply: HttpResponse, nobody: HttpResponse, beside: Reply | None) -> EnrolmentEndpoint | None:
    """A server of CMP or BRSKI, neither of which has anything to say to a GET."""
    protocol = BY_REFUSAL[path]
    if reply.media_type == _CMP and protocol == "cmp" and nobody.media_type != _CMP:
        return EnrolmentEndpoint(protocol="cmp", path=path, proof="content")
    is_telling = isinstance(beside, HttpResponse) and beside.status in _GONE and nobody.status in _GONE
    if not is_telling or reply.status not in (*_NOT_BY_GET, *_DENIED):
        return None
    return EnrolmentEndpoint(protocol=protocol, path=path, proof="refusal", asks_login=reply.status in _DENIED)


def _capabilities(path: str, reply: Reply, nobody: HttpResponse) -> tuple[str, ...]:
    """What SCEP lists, unless every path has that."""
    is_one = path.endswith(_CAPABILITIES) and isinstance(reply, HttpResponse) and reply.status == 200
    if not is_one or not isinstance(reply, HttpResponse) or reply.is_opaque or reply.is_truncated:
        return ()
    return () if reply.body == nobody.body else read_capabilities(reply.body)


def _authorities(reply: Reply | None) -> tuple[str, ...]:
    if not isinstance(reply, HttpResponse) or reply.status != 200 or reply.is_opaque or reply.is_truncated:
        return ()
    return read_ca_certificates(reply.body) or ()


PROBE = Probe(
    # By this name it comes after the front page, and before the handshakes, which want to know of EST.
    name="web-enrolment",
    version=1,
    speaks=frozenset({"http", "https"}),
    gives=(EnrolmentServer,),
    ask=ask_enrolment,
    stage=1,
    ahead=_asks,
)
