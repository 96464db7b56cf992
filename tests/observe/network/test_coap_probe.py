from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest

from iotscan.model.facts import CoapResource, CoapResources, CoapServer, EnrolmentServer
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.probe import Heard
from iotscan.observe.network.probes.coap import PROBE
from iotscan.wire import coap, coap_options
from iotscan.wire.coap_options import Option
from tests.observe.network.daemons import door
from tests.observe.network.datagrams import answering, coap_server, free_pair


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iotscan.observe.network.probes.coap._SECONDS", 0.3)


def ask(port: int) -> Heard:
    return anyio.run(PROBE.ask, door(port, "coap", transport="udp"))


def status(heard: Heard) -> AttemptStatus:
    assert not heard.facts
    gap, same = heard.missed
    assert gap.status is same.status
    return gap.status


@pytest.mark.parametrize("library", ["openssl", "gnutls"])
def test_libcoap_answers_a_ping(library: str, tmp_path: Path) -> None:
    with coap_server(library, tmp_path) as port:
        server, resources = ask(port).facts
    assert server == CoapServer(how="reset")
    assert isinstance(resources, CoapResources)
    assert [r.path for r in resources.resources] == ["/", "/time", "/async", "/example_data"]
    assert resources.resources[1] == CoapResource(path="/time", types=("ticks",), interfaces=("clock",))
    assert (resources.code, resources.asked, resources.read) == ("2.05", "/time", "2.05")


def test_libcoap_behind_dtls_alone_does_not(tmp_path: Path) -> None:
    with coap_server("openssl", tmp_path, "-k", "secret") as port:
        assert status(ask(port + 1)) is AttemptStatus.TIMED_OUT


def test_a_closed_port_is_absent() -> None:
    with free_pair() as port:
        pass
    assert status(ask(port)) is AttemptStatus.ABSENT


def test_a_silent_port_costs_two_datagrams() -> None:
    asked: list[bytes] = []
    with answering(lambda data: asked.append(data) or []) as port:
        heard = ask(port)
    assert (status(heard), heard.missed[0].reason) == (AttemptStatus.TIMED_OUT, Reason.TIMEOUT)
    assert len(asked) == 2
    assert coap.read_message(asked[0]) != coap.read_message(asked[1])


def reply(question: bytes, code: int, *, options: Iterable[Option] = (), payload: bytes = b"") -> bytes:
    """A response that comes with the acknowledgement."""
    body = coap_options.write(options) + (b"\xff" + payload if payload else b"")
    return bytes((0x60 | question[0] & 15, code)) + question[2:4] + question[4 : 4 + (question[0] & 15)] + body


LINKS = ((coap_options.CONTENT_FORMAT, bytes((coap_options.LINK_FORMAT,))),)
Paths = tuple[str, ...]


@contextmanager
def node(answer: Callable[[Paths, bytes], list[bytes]], asked: list[Paths] | None = None) -> Iterator[int]:
    """A server that answers pings, and GETs by ``answer(path, question)``."""

    def respond(data: bytes) -> list[bytes]:
        if len(data) == 4:
            return [coap.reset(int.from_bytes(data[2:], "big"))] if data[0] == 0x40 else []
        assert data[1] == coap.GET
        read = coap_options.read(data[4 + (data[0] & 15) :])
        assert read is not None
        path = tuple(value.decode() for number, value in read[0] if number == coap_options.URI_PATH)
        if asked is not None:
            asked.append(path)
        return answer(path, data)

    with answering(respond) as port:
        yield port


def resources_of(heard: Heard) -> CoapResources:
    (found,) = (fact for fact in heard.facts if isinstance(fact, CoapResources))
    return found


def listing(links: bytes, code: int = coap.CONTENT) -> Callable[[Paths, bytes], list[bytes]]:
    def answer(path: Paths, question: bytes) -> list[bytes]:
        if path == (".well-known", "core"):
            return [reply(question, coap.CONTENT, options=LINKS, payload=links)]
        return [reply(question, code, payload=b"said")]

    return answer


@pytest.mark.parametrize(
    "links",
    [
        b"</actuators/lock>;if=core.a,</reset>,</fw/update>,</firmware>,</on>,</rd>,</led/1>,</off?x=1>",
        b"<coap://192.0.2.9/sensor>;if=core.s,<//x/sensor>;rt=sensor,</.well-known/est>",
        b"</sensor>;if=core.s;osc",
    ],
)
def test_what_may_act_or_lies_elsewhere_or_wants_oscore_is_not_read(links: bytes) -> None:
    asked: list[Paths] = []
    with node(listing(links), asked) as port:
        found = resources_of(ask(port))
    assert asked == [(".well-known", "core")]
    assert (found.asked, found.read) == ("", "")
    assert found.resources


def test_enrolment_is_told_from_the_list() -> None:
    """EST over CoAP, RFC 9148 section 4.1; beside it an attribute that only begins alike."""
    links = b'</est/crts>;rt="ace.est.crts";ct="281 287",</est/sen>;rt="ace.est.sen",</x>;rt=ace.estimate'
    with node(listing(links)) as port:
        heard = ask(port)
    (found,) = (fact for fact in heard.facts if isinstance(fact, EnrolmentServer))
    assert [(e.protocol, e.path, e.proof) for e in found.endpoints] == [
        ("est-coaps", "/est/crts", "listed"),
        ("est-coaps", "/est/sen", "listed"),
    ]


def test_a_sensor_is_read_before_what_only_sounds_harmless() -> None:
    asked: list[Paths] = []
    with node(listing(b"</info>,</s/1>;if=core.s"), asked) as port:
        found = resources_of(ask(port))
    assert asked[1:] == [("s", "1")]
    assert (found.asked, found.read) == ("/s/1", "2.05")


def test_a_refusal_is_told_with_its_words() -> None:
    with node(listing(b"</info>", 0x81)) as port:
        found = resources_of(ask(port))
    assert (found.read, found.hint) == ("4.01", "said")


def test_a_wish_for_an_echo_is_no_refusal() -> None:
    with node(lambda path, question: [reply(question, 0x81, options=[(coap_options.ECHO, b"again")])]) as port:
        assert resources_of(ask(port)).code == "4.01 Echo"


def test_an_endless_list_is_read_for_four_blocks() -> None:
    asked: list[Paths] = []

    def endless(path: Paths, question: bytes) -> list[bytes]:
        read = coap_options.read(question[8:])
        block = coap_options.number_of(read[0], coap_options.BLOCK2) if read else None
        number = (block or 0) >> 4
        options = (*LINKS, (coap_options.BLOCK2, (number << 4 | 8 | 2).to_bytes(2, "big")))
        return [reply(question, coap.CONTENT, options=options, payload=b"</lock/%04d>,".ljust(16, b" ") % number)]

    with node(endless, asked) as port:
        found = resources_of(ask(port))
    assert len(asked) == 4
    assert found.is_cut
    assert [r.path for r in found.resources] == [f"/lock/{n:04}" for n in range(4)]


def test_an_answer_that_comes_later_is_acknowledged() -> None:
    acknowledged: list[bytes] = []

    def later(path: Paths, question: bytes) -> list[bytes]:
        own = b"\x44\x84\x77\x77" + question[4:8]
        return [b"\x60\x00" + question[2:4], own]

    def respond(data: bytes) -> list[bytes]:
        if len(data) == 4:
            acknowledged.append(data)
            return [coap.reset(int.from_bytes(data[2:], "big"))] if data[0] == 0x40 else []
        return later((), data)

    with answering(respond) as port:
        found = resources_of(ask(port))
    assert found == CoapResources(code="4.04")
    assert coap.acknowledgement(0x7777) in acknowledged


def test_who_answers_no_ping_may_answer_a_get() -> None:
    def respond(data: bytes) -> list[bytes]:
        return [reply(data, 0x84)] if len(data) > 4 else []

    with answering(respond) as port:
        heard = ask(port)
    assert heard.facts == (CoapServer(how="4.04"), CoapResources(code="4.04"))


def test_who_says_yes_to_everything_in_text_has_no_list() -> None:
    with node(lambda path, question: [reply(question, coap.CONTENT, payload=b"</x>,hello")]) as port:
        found = resources_of(ask(port))
    assert found == CoapResources(code="2.05")


@contextmanager
def saying(reply: bytes | None) -> Iterator[int]:
    with answering(lambda data: [data if reply is None else reply]) as port:
        yield port


@pytest.mark.parametrize("reply", [None, b"", b"HTTP/1.1 400", coap.reset(0xFFFF)[:2] + b"\0", b"\x60\x45\0\0"])
def test_an_echo_and_junk_are_no_coap_server(reply: bytes | None) -> None:
    with saying(reply) as port:
        assert status(ask(port)) is AttemptStatus.UNREADABLE
