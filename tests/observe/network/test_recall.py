"""What of an earlier scan of a device holds on, and what is asked anew."""

from collections.abc import Sequence
from datetime import UTC, datetime

import anyio
import msgspec
import pytest

from iotscan.model.answer import Answer
from iotscan.model.device import Service, provisional_id
from iotscan.model.facts import AnyFact, CertificateChain, DefaultLogin, HttpServer, OpenService, WellKnown, kind_of
from iotscan.model.observation import Attempt, observe
from iotscan.model.scope import Scope
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.probe import Door, Probe
from iotscan.observe.network.probes.tls.still import Still
from iotscan.observe.network.recall import Recall, is_same, is_settled
from iotscan.observe.network.unit import Unit

ADDRESS = "192.0.2.7"
WEB = Service(transport="tcp", port=80, protocol="http", how="answered HTTP")
THEN = datetime(2026, 11, 20, tzinfo=UTC).isoformat()


async def never(_: Door) -> Heard:
    raise AssertionError("a recall asks through its asker alone")


HTTP = Probe(name="http", version=1, speaks=frozenset({"http"}), gives=(HttpServer,), ask=never, shows=True)
LOGIN = Probe(
    name="login",
    version=1,
    speaks=frozenset({"http"}),
    gives=(DefaultLogin,),
    ask=never,
    holds_on=lambda fact: fact.outcome == "rejected",
)
OTHER = Probe(name="well-known", version=1, speaks=frozenset({"http"}), gives=(WellKnown,), ask=never)


def unit(
    name: str, label: str, *facts: AnyFact, status: AttemptStatus = AttemptStatus.OBSERVED, kind: str = ""
) -> Unit:
    subject = Subject(device=provisional_id(ADDRESS), address=ADDRESS, service=WEB.name)
    attempts = tuple(
        Attempt(
            subject=subject,
            need=need,
            status=status,
            reason=None if status is AttemptStatus.OBSERVED else Reason.TIMEOUT,
            probe=label,
        )
        for need in ([kind_of(f) for f in facts] or [kind])
    )
    seen = tuple(observe(f, subject, probe=label, at=THEN) for f in facts)
    services = (WEB,) if name.startswith("identify") else ()
    return Unit(address=ADDRESS, name=name, services=services, observations=seen, attempts=attempts)


def page(**more: object) -> HttpServer:
    return msgspec.structs.replace(HttpServer(tls=False, status=200, title="Camera", body_sha256="aa"), **more)


NAMED = unit("identify tcp/80", "identify/1", OpenService(protocol="http"))
SHOWN = unit("http tcp/80", "http/1", page())
REFUSED = unit("login tcp/80", "login/1", DefaultLogin(protocol="http", outcome="rejected", tries=2))
ACCEPTED = unit("login tcp/80", "login/1", DefaultLogin(protocol="http", outcome="accepted", tries=2))
KNOWN = unit("well-known tcp/80", "well-known/1", kind="well-known", status=AttemptStatus.ABSENT)


class Device:
    """What a device answers now, and what it was asked."""

    def __init__(self, shown: Unit = SHOWN, named: Unit = NAMED) -> None:
        self._shown = shown
        self._named = named
        self.asked: list[str] = []

    async def put(self, probe: Probe, service: Service) -> Unit:
        self.asked.append(f"{probe.name} {service.name}")
        return self._shown

    async def name(self, port: int, expected: str) -> Unit:
        self.asked.append(f"identify {port} {expected}")
        return self._named

    def door(self, service: Service) -> Door:
        raise AssertionError("nothing here speaks TLS")


def taken(device: Device, then: Sequence[Unit], probes: Sequence[Probe] = (HTTP, LOGIN, OTHER)) -> list[str]:
    recall = Recall(then, probes, device)
    return [unit.name for unit in anyio.run(recall.service, 80)]


def test_a_service_that_shows_itself_as_then_keeps_what_is_costly() -> None:
    device = Device(unit("http tcp/80", "http/1", page(body_sha256="a clock on the page")))
    assert taken(device, [NAMED, SHOWN, REFUSED, KNOWN]) == ["identify tcp/80", "http tcp/80", "login tcp/80"]
    assert device.asked == ["http tcp/80"]


@pytest.mark.parametrize("now", [page(title="Other"), page(status=401), page(server="nginx/1.27")])
def test_another_front_page_is_another_service(now: HttpServer) -> None:
    assert taken(Device(unit("http tcp/80", "http/1", now)), [NAMED, SHOWN, REFUSED]) == []


def test_a_login_that_was_open_is_tried_anew() -> None:
    assert "login tcp/80" not in taken(Device(), [NAMED, SHOWN, ACCEPTED])


@pytest.mark.parametrize(
    "status", [s for s in AttemptStatus if s not in (AttemptStatus.OBSERVED, AttemptStatus.ABSENT)]
)
def test_what_was_left_open_is_asked_anew(status: AttemptStatus) -> None:
    left_open = unit("login tcp/80", "login/1", kind="default-login", status=status)
    assert not is_settled(left_open)
    assert "login tcp/80" not in taken(Device(), [NAMED, SHOWN, left_open])


def test_another_edition_of_a_probe_asks_anew() -> None:
    newer = msgspec.structs.replace(LOGIN, version=2)
    assert "login tcp/80" not in taken(Device(), [NAMED, SHOWN, REFUSED], (HTTP, newer))


def test_a_port_of_which_nothing_was_known_is_not_asked() -> None:
    device = Device()
    assert taken(device, [SHOWN, REFUSED]) == []
    assert device.asked == []


def test_without_a_probe_that_shows_it_the_port_is_named_again() -> None:
    same, other = (
        Device(),
        Device(named=unit("identify tcp/80", "identify/1", OpenService(protocol="http", banner="x"))),
    )
    assert taken(same, [NAMED, REFUSED], (LOGIN,)) == ["identify tcp/80"]
    assert same.asked == ["identify 80 http"]
    assert taken(other, [NAMED, REFUSED], (LOGIN,)) == []


def test_an_end_that_differs_is_a_difference() -> None:
    silent = unit("http tcp/80", "http/1", kind="http-server", status=AttemptStatus.TIMED_OUT)
    assert not is_same(SHOWN, silent)
    assert not is_same(silent, msgspec.structs.replace(silent, attempts=()))
    assert is_same(SHOWN, SHOWN)


@pytest.mark.parametrize(("name", "is_believed"), [("gw.example", True), ("", False), ("other.example", False)])
def test_a_certificate_is_believed_where_the_same_name_is_asked_for(name: str, is_believed: bool) -> None:
    certificate = Probe(
        name="certificate",
        version=1,
        speaks=frozenset({"http"}),
        gives=(CertificateChain,),
        ask=never,
        holds_on=lambda fact: True,
    )
    chain = CertificateChain(
        certificates=(),
        trusted=Answer.of(False),
        ocsp_stapled=Answer.of(False),
        engine="sslyze",
        server_name="gw.example",
    )
    line = Dialer(Scope(include=(f"{ADDRESS}/32",))).line(ADDRESS)

    class Named(Device):
        def door(self, service: Service) -> Door:
            return Door(line=line, service=service, server_name=name)

    recall = Recall([unit("certificate tcp/80", "certificate/1", chain)], (certificate,), Named())
    found = recall._believed((certificate,), WEB, Still(is_same=True, shows_leaf=True))
    assert bool(list(found)) == is_believed
