"""Who may update: interfaces of devices that say it to anybody, and hawkBit's interface for devices. GET only.

hawkBit registers every device that polls: ``GET /{tenant}/controller/v1/{id}`` makes a new target. So it is not asked
that, but for the artifacts of a software module, where it looks a device up and makes none (DdiRootController.java).
Sources: hawkBit's DDI API; Shelly API, Gen1 ``/shelly`` and Gen2 ``/shelly``; Tasmota, commands over HTTP.
"""

from hashlib import sha256
from typing import Final

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import AnyFact, HawkbitServer, HttpServer, OtaInterface, kind_of
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.probe import Door, Heard, Missed, Probe, missed, speaks_tls
from iotscan.observe.network.probes.web import ask_all, control
from iotscan.observe.network.web_session import Ask, Reply
from iotscan.wire.http import HttpResponse

_CAP: Final = 16 * 1024
_SHELLY: Final = "/shelly"
_TASMOTA: Final = "/cm?cmnd=Status"
_OWN_CODES: Final = "hawkbit."
_CLOSED: Final = (401, 403)


async def ask_ota(door: Door) -> Heard:
    """Ask for hawkBit's interface and for what devices say of themselves; what nobody has only where it tells more."""
    everywhere, hawkbit, shelly = _asks(door)
    tasmota = (Ask(path=_TASMOTA, cap=_CAP),) if _is_tasmota(door) else ()
    asks = (everywhere, hawkbit, shelly, *tasmota)
    replies = dict(zip(asks, await ask_all(door, asks), strict=True))
    reply = replies[hawkbit]
    nobody: Reply = reply
    if isinstance(reply, HttpResponse) and reply.status in _CLOSED:
        nobody = replies[everywhere]
        if isinstance(nobody, HttpResponse) and nobody.status != reply.status:
            # A locked folder is no hawkBit, which shuts people out of its interface only.
            (nobody,) = await ask_all(door, (Ask(path=door.web.control("/DEFAULT/"), cap=_CAP),))
    found = _Found()
    found.take(HawkbitServer, nobody, _hawkbit(door, hawkbit.path, reply, nobody))
    for ask in (shelly, *tasmota):
        fact = _interface(door, ask.path, replies[ask])
        # What it says of a path that nobody has, it does not say of the device's interface.
        is_said_of_all = fact is not None and _interface(door, ask.path, replies[everywhere]) == fact
        found.take(OtaInterface, replies[ask], None if is_said_of_all else fact)
    return found.heard()


def _asks(door: Door) -> tuple[Ask, ...]:
    return control(door), Ask(path=hawkbit_path(door), cap=_CAP), Ask(path=_SHELLY, cap=_CAP)


def hawkbit_path(door: Door) -> str:
    """The artifacts of a module that no device has, the same in every run; nobody is registered by asking."""
    token = sha256(f"iotscan device {door.address} {door.port}".encode()).hexdigest()[:16]
    return f"/DEFAULT/controller/v1/iotscan-{token}/softwaremodules/0/artifacts"


class _Found:
    def __init__(self) -> None:
        self._facts: list[AnyFact] = []
        self._missed: dict[str, Missed] = {}

    def take(self, kind: type[HawkbitServer | OtaInterface], reply: Reply, fact: AnyFact | Missed | None) -> None:
        """A fact, why there is none to be had, or an absence, which a reply that broke off is not."""
        if isinstance(reply, DialError):
            fact = missed(kind, reply)
        if isinstance(fact, Missed):
            self._missed.setdefault(fact.need, fact)
        elif fact is not None:
            self._facts.append(fact)

    def heard(self) -> Heard:
        seen = {kind_of(type(fact)) for fact in self._facts}
        return Heard(facts=tuple(self._facts), missed=tuple(m for m in self._missed.values() if m.need not in seen))


def _hawkbit(door: Door, path: str, reply: Reply, nobody: Reply) -> HawkbitServer | Missed | None:
    """``nobody`` is the answer for a path that nobody has where the reply says no, else the reply itself."""
    if isinstance(reply, DialError) or isinstance(nobody, DialError):
        return None
    code = reply.json_object().get("errorCode")
    is_own = isinstance(code, str) and code.startswith(_OWN_CODES)
    if is_own and reply.status not in _CLOSED:
        said = f"{reply.status} {safe_text(str(code), 100)}"
        return HawkbitServer(tls=speaks_tls(door.service), path=path, is_open=True, said=said)
    if reply.status in _CLOSED and reply.status == nobody.status:
        detail = f"everything answers {reply.status} without credentials"
        return Missed(
            need=kind_of(HawkbitServer),
            status=AttemptStatus.UNREADABLE,
            reason=Reason.NOT_OBSERVABLE,
            detail=detail,
        )
    if reply.status == 401 or (reply.status == 403 and is_own):
        return HawkbitServer(tls=speaks_tls(door.service), path=path, is_open=False, said=str(reply.status))
    return None


def _interface(door: Door, path: str, reply: Reply) -> OtaInterface | None:
    if not isinstance(reply, HttpResponse):
        return None
    found = _shelly(reply) if path == _SHELLY else _tasmota(reply)
    if found is None:
        return None
    return msgspec.structs.replace(found, tls=speaks_tls(door.service), port=door.port, path=path)


def _shelly(reply: HttpResponse) -> OtaInterface | None:
    """What a Shelly says of itself to anybody, whether it has a password or not."""
    document = reply.json_object()
    key = "auth_en" if "gen" in document else "auth"
    value = document.get(key)
    is_one = isinstance(document.get("mac"), str) and ("gen" in document or "type" in document)
    if reply.status != 200 or not is_one or not isinstance(value, bool):
        return None
    return OtaInterface(system="shelly", needs_password=Answer.of(value), said=f'"{key}": {str(value).lower()}')


def _tasmota(reply: HttpResponse) -> OtaInterface | None:
    """Whether Tasmota takes a command that only reads: where it does, it takes one that updates, too."""
    document = reply.json_object()
    if reply.status == 200 and isinstance(document.get("Status"), dict):
        return OtaInterface(system="tasmota", needs_password=Answer.of(False), said="it answers the command Status")
    if reply.status == 401 or "WARNING" in document:
        return OtaInterface(system="tasmota", needs_password=Answer.of(True), said="it asks for a password")
    return None


def _is_tasmota(door: Door) -> bool:
    own = (fact for name, fact in door.known if name == door.service.name)
    return any(isinstance(fact, HttpServer) and "tasmota" in fact.title.lower() for fact in own)


PROBE = Probe(
    name="ota",
    version=1,
    speaks=frozenset({"http", "https"}),
    gives=(HawkbitServer, OtaInterface),
    ask=ask_ota,
    stage=5,
    ahead=_asks,
    wants=(HttpServer,),
)
