"""Which kinds of facts an unidentified service leaves open, and why: silence is never an absence."""

from collections.abc import Mapping
from typing import Final, Literal

from iotscan.model.facts import (
    AdbServer,
    AmqpBroker,
    CertificateChain,
    DataStore,
    DefaultLogin,
    DeviceApi,
    Disclosure,
    DnsServer,
    Fact,
    GraphQlServer,
    HawkbitServer,
    HttpServer,
    MqttBroker,
    OpcUaServer,
    OtaInterface,
    SshServer,
    TelnetServer,
    TlsEndpoint,
    UpdateServer,
    WebApi,
    WebSocketServer,
    WellKnown,
    kind_of,
)
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.probe import Missed

Outcome = Literal["silent", "closed", "unclear", "other"]
"""How a question ended without its answer: no word, a close or reset without one, unclear words, something else."""

_WEB: Final[tuple[type[Fact], ...]] = (
    HttpServer,
    WellKnown,
    UpdateServer,
    HawkbitServer,
    OtaInterface,
    Disclosure,
    WebApi,
    GraphQlServer,
    WebSocketServer,
)
_KINDS: Final[dict[str, tuple[type[Fact], ...]]] = {
    "tls": (TlsEndpoint, CertificateChain),
    "http": _WEB,
    "mqtt": (MqttBroker,),
    "adb": (AdbServer,),
    "opc-ua": (OpcUaServer,),
    "unasked": (SshServer, TelnetServer),
}
ALONE: Final = frozenset({"opc-ua"})
"""Protocols of industrial equipment, which are also questions: a port that suggests one is asked nothing else."""
_INSIDE: Final[tuple[str, ...]] = ("http", "mqtt")
_EXPECTED: Final[dict[str, tuple[type[Fact], ...]]] = {
    "amqp": (AmqpBroker,),
    "dns": (DnsServer,),
    "esphome": (DeviceApi,),
    "redis": (DataStore,),
    "memcached": (DataStore,),
    "mongodb": (DataStore,),
}
"""What only a port that suggests it is asked: nothing is open where it was not."""
_OPEN: Final[dict[str, tuple[type[Fact], ...]]] = _KINDS | _EXPECTED
_ENDS: Final[dict[Outcome, tuple[AttemptStatus, Reason | None, str]]] = {
    "silent": (AttemptStatus.TIMED_OUT, Reason.TIMEOUT, "it accepted the connection and did not answer"),
    "closed": (AttemptStatus.UNREADABLE, Reason.UNREADABLE, "it closes without a word"),
    "unclear": (AttemptStatus.UNREADABLE, Reason.UNREADABLE, "it speaks first, and shows no prompt that we know"),
    "other": (AttemptStatus.ABSENT, None, "it answered in another protocol"),
}
_ORDER: Final[tuple[Outcome, ...]] = ("silent", "closed", "unclear", "other")
"""Which outcome holds where several questions count: the one that says least."""


def not_recognised(
    outcomes: Mapping[str, Outcome], error: DialError | None = None, *, may_prompt: bool = False
) -> tuple[Missed, ...]:
    """The gaps of a port that no question identified. ``error`` ended the questions before all were asked.

    ``may_prompt`` when it spoke text unasked: a slow telnet or SSH server may yet come to its point.
    """
    settled = dict(outcomes)
    if ALONE & settled.keys():
        return _asked_alone(settled, error)
    listened = settled.pop("listen", None)
    if listened == "other":
        # Whoever speaks first in another protocol speaks neither TLS nor HTTP nor MQTT nor adb …
        settled |= dict.fromkeys(("tls", "http", "mqtt", "adb", "opc-ua"), "other")
        # … but lines may come before the identification of SSH (RFC 4253 section 4.2), and before a prompt.
        settled["unasked"] = "silent" if outcomes.get("tls") == "silent" else "unclear" if may_prompt else "other"
    spoken = tuple(outcome for question, outcome in outcomes.items() if question != "listen" or outcome == "other")
    overall: Outcome = "other" if "other" in spoken else next((o for o in _ORDER if o in spoken), "silent")
    settled.setdefault("unasked", overall)
    settled.setdefault("adb", overall)
    settled.setdefault("opc-ua", overall)
    expected = tuple(q for q in _EXPECTED if q in outcomes)
    return _gaps((*_KINDS, *expected), settled, error)


def _asked_alone(outcomes: Mapping[str, Outcome], error: DialError | None) -> tuple[Missed, ...]:
    """The gaps of a port of equipment that nobody asks for anything but its own protocol."""
    found = [_spared(DefaultLogin)]
    for question, kinds in _KINDS.items():
        if question in ALONE:
            found += [_gap(kind, outcomes.get(question), error) for kind in kinds]
        else:
            found += [_spared(kind) for kind in kinds]
    return tuple(found)


def _spared(fact: type[Fact]) -> Missed:
    detail = "a port of industrial equipment, which is asked in no protocol but its own"
    return Missed(need=kind_of(fact), status=AttemptStatus.NOT_TRIED, reason=Reason.NOT_OBSERVABLE, detail=detail)


def behind_tls(outcomes: Mapping[str, Outcome], error: DialError | None = None) -> tuple[Missed, ...]:
    """The gaps of a TLS service inside which nothing was recognised; ``error`` when it could not be asked."""
    return _gaps(_INSIDE, outcomes, error)


def beyond(protocol: str) -> tuple[Missed, ...]:
    """The gaps of a protocol that is recognised and not asked further; empty for every other."""
    if protocol not in ("h2", "h2c"):
        return ()
    detail = "it speaks HTTP/2 from its first word, in which nothing is asked"
    open_kinds: tuple[type[Fact], ...] = (*_WEB, DefaultLogin)
    return tuple(
        Missed(need=kind_of(f), status=AttemptStatus.UNREADABLE, reason=Reason.NOT_OBSERVABLE, detail=detail)
        for f in open_kinds
    )


def _gaps(questions: tuple[str, ...], outcomes: Mapping[str, Outcome], error: DialError | None) -> tuple[Missed, ...]:
    found: list[Missed] = []
    for question in questions:
        outcome = outcomes.get(question)
        found += [_gap(fact, outcome, error) for fact in _OPEN[question]]
    asked = [outcomes[q] for q in questions if q in outcomes]
    worst = next((o for o in _ORDER if o in asked), None)
    return (*found, _gap(DefaultLogin, None if error else worst, error))


def _gap(fact: type[Fact], outcome: Outcome | None, error: DialError | None) -> Missed:
    if outcome is None and error is not None:
        # A refusal now is no absence: the port was open a moment ago.
        status: AttemptStatus = AttemptStatus.UNREADABLE if error.status is AttemptStatus.ABSENT else error.status
        return Missed(need=kind_of(fact), status=status, reason=error.reason or Reason.UNREACHABLE, detail=str(error))
    end, reason, detail = _ENDS[outcome or "silent"]
    return Missed(need=kind_of(fact), status=end, reason=reason, detail=detail)
