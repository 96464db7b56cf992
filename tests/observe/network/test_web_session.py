"""What several probes ask of one web server: in one conversation, and nothing twice."""

import re
import socket
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import anyio
import msgspec
import pytest

from iotscan.model.facts import AnyFact, Disclosure, HttpServer, UpdateServer
from iotscan.model.scope import Pace
from iotscan.model.vocabulary import AttemptStatus
from iotscan.observe.network.agenda import Questions
from iotscan.observe.network.failures import TimedOut
from iotscan.observe.network.line import Line
from iotscan.observe.network.probe import Probe
from iotscan.observe.network.probes import all_probes
from iotscan.observe.network.survey import Survey
from iotscan.observe.network.unit import Unit
from iotscan.observe.network.web_session import Ask, Planned, WebSession
from iotscan.wire.http import HttpResponse
from tests.observe.network.daemons import door, serving
from tests.observe.network.test_web_probes import FAST, HTML, HURRIED, LOGIN, UPLOAD, Page, redirect, site
from tests.observe.network.webserver import nginx

WEB = tuple(p for p in all_probes() if p.ahead or p.name == "http")
PAGES: dict[str, Page] = {
    "/": redirect("/login.html"),
    "/login.html": (200, HTML, LOGIN),
    "/update": (200, HTML, UPLOAD),
    "/.well-known/security.txt": b"Contact: mailto:psirt@example.org\n",
}


def survey(
    *ports: int, pace: Pace = FAST, done: Iterable[Unit] = (), probes: tuple[Probe, ...] = WEB
) -> tuple[Line, list[Unit]]:
    line = door(ports[0], "http", pace=pace).line
    units: list[Unit] = []

    async def keep(unit: Unit) -> None:
        units.append(unit)

    questions = Questions(tcp=ports, probes=probes, expected=dict.fromkeys(ports, "http"))
    anyio.run(Survey(line, questions, keep, done=done).run)
    return line, units


def facts(units: Iterable[Unit]) -> list[AnyFact]:
    return [o.fact for unit in units for o in unit.observations if unit.name.split()[0] not in ("sweep", "identify")]


def shown(units: Iterable[Unit]) -> list[AnyFact]:
    """What was seen, without the port, and how many paths were asked: guesses are asked only where they are cheap."""
    changed = {UpdateServer: {"paths_asked": 0}, Disclosure: {"port": 0}}
    return [msgspec.structs.replace(f, **changed.get(type(f), {})) for f in facts(units)]


def test_all_web_probes_share_one_conversation_with_nginx(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_bytes(LOGIN)
    with nginx(tmp_path, "listen 127.0.0.1:PORT;") as port:
        line, units = survey(port)
    # One told us that it is a web server, one is for all that it is asked.
    assert line.connections == 2
    assert {unit.name.split()[0] for unit in units} >= {"http", "well-known", "update", "ota"}


def test_nothing_is_asked_twice() -> None:
    seen: list[str] = []
    with site(PAGES, seen=seen) as port:
        line, _ = survey(port)
    asked = Counter(seen)
    assert asked.pop("GET /") == 2  # once to learn what it speaks
    assert set(asked.values()) == {1}
    assert line.connections == 2


def test_a_server_that_closes_shows_the_same() -> None:
    with site(PAGES) as port:
        line, open_units = survey(port)
    with site(PAGES, keep_alive=False) as port:
        closing, units = survey(port)
    assert shown(units) == shown(open_units)
    assert closing.connections > line.connections


def test_an_interrupted_scan_asks_what_is_left() -> None:
    with site(PAGES) as port:
        _, units = survey(port)
        done = [unit for unit in units if unit.name.split()[0] in ("sweep", "identify", "http")]
        _, rest = survey(port, done=done)
    assert facts(rest) == [f for f in facts(units) if not isinstance(f, HttpServer)]


def test_who_hangs_on_one_path_is_not_asked_for_it_again() -> None:
    asked: list[bytes] = []

    def talk(guest: socket.socket) -> None:
        while words := guest.recv(4096):
            path = words.split(b" ")[1]
            asked.append(path)
            if path not in (b"/", b"/.well-known/security.txt") and not re.fullmatch(rb"/[0-9a-f]{16}", path):
                while guest.recv(4096):
                    pass
                return
            guest.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    probes = tuple(p for p in WEB if p.name in ("http", "well-known"))
    with serving(talk) as port:
        _, units = survey(port, pace=HURRIED, probes=probes)
    http, well_known = units[-2:]
    assert [a.status for a in http.attempts] == [AttemptStatus.OBSERVED]
    assert [a.status for a in well_known.attempts] == [AttemptStatus.OBSERVED]
    assert asked.count(b"/security.txt") == 1


@pytest.mark.parametrize("status", [200, 401])
def test_a_host_that_says_the_same_to_everything_is_spared_guesses(status: int) -> None:
    seen: list[str] = []
    with site({}, other=lambda _: (status, HTML, b"<p>welcome"), seen=seen) as port:
        survey(port)
    assert not any("Release" in line or "Packages" in line for line in seen)


def response(body: bytes, *, cut: bool = False) -> HttpResponse:
    return HttpResponse(status=200, body=body, is_truncated=cut)


def test_a_session_gives_no_more_than_was_wanted_and_no_less() -> None:
    web = WebSession()
    web.keep(Ask(path="/a", cap=4), response(b"1234"))
    web.keep(Ask(path="/b", cap=4), response(b"1234", cut=True))
    assert web.known(Ask(path="/a", cap=9)) == response(b"1234")
    assert web.known(Ask(path="/a", cap=2)) == response(b"12", cut=True)
    assert web.known(Ask(path="/a", cap=4, byte_range="0-3")) is None
    assert web.known(Ask(path="/b", cap=9)) is None
    assert web.known(Ask(path="/b", cap=4)) == response(b"1234", cut=True)


def test_a_session_has_an_end_to_what_it_remembers_and_plans() -> None:
    web = WebSession()
    web.keep(Ask(path="/big", cap=1 << 30), response(bytes(3 << 20)))
    assert web.known(Ask(path="/big", cap=1 << 30)) is None
    web.plan(Planned(label="x/1", ask=Ask(path=p, cap=9)) for p in ("/a", "/b", "/a"))
    web.keep(Ask(path="/a", cap=9), TimedOut("no"))
    planned = web.next()
    assert planned is not None
    assert planned.ask.path == "/b"
    assert not web.has_more


def test_two_servers_that_close_are_both_asked_for_what_is_likeliest() -> None:
    budget = msgspec.structs.replace(FAST, connections=60)
    with site(PAGES, keep_alive=False) as port, site(PAGES, keep_alive=False) as other:
        line, units = survey(port, other, pace=budget)
    uploads = [f.open_uploads for f in facts(units) if isinstance(f, UpdateServer)]
    assert uploads[0] == uploads[1] != ()
    assert line.connections < 60


def test_nobody_foresees_the_control() -> None:
    assert WebSession().control() != WebSession().control()


def test_who_falls_silent_is_not_waited_for_by_each_probe() -> None:
    asked: list[bytes] = []

    def talk(guest: socket.socket) -> None:
        words = guest.recv(4096)
        asked.append(words)
        if len(asked) < 3:
            guest.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<p>hi")
            return
        while guest.recv(4096):
            pass

    with serving(talk) as port:
        _, units = survey(port, pace=HURRIED)
    ends = {a.status for unit in units[3:] for a in unit.attempts}
    assert ends == {AttemptStatus.TIMED_OUT}
    assert len(asked) == 4
