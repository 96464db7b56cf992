"""What a web server shows of a device before anybody has logged in."""

import gzip
import json
from pathlib import Path

import pytest

from iotscan.model.facts import Claim, DisclosedThing, Disclosure
from iotscan.model.vocabulary import AttemptStatus
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.probes import status
from iotscan.scan.inventory import Inventory
from tests.observe.network.daemons import serving
from tests.observe.network.test_web_probes import HTML, HURRIED, LOGIN, Page, ask, end, once, redirect, site
from tests.observe.network.webserver import nginx

JSON = {"Content-Type": "application/json"}
STATUS: Page = (200, JSON, json.dumps({"fw": "1.2.3", "serial": "CAM0012345"}).encode())
FIRMWARE = DisclosedThing(kind="firmware", word="fw")
SERIAL = DisclosedThing(kind="serial", word="serial")


def shown(pages: dict[str, Page]) -> Disclosure:
    with site(pages) as port:
        (fact,) = ask(status.PROBE, port).facts
    assert isinstance(fact, Disclosure)
    return fact


def test_a_status_document_that_anybody_reads() -> None:
    fact = shown({"/": (200, HTML, LOGIN), "/status": STATUS})
    assert (fact.path, fact.shows) == ("/status", (FIRMWARE, SERIAL))
    assert "CAM0012345" not in repr(fact)


def test_the_page_behind_the_front_page_of_nginx(tmp_path: Path) -> None:
    (tmp_path / "login.html").write_bytes(b"<p>Firmware: 2.1.0 <p>Serial: CAM0012345" + LOGIN)
    with nginx(tmp_path, "listen 127.0.0.1:PORT; location = / { return 302 /login.html; }") as port:
        (fact,) = ask(status.PROBE, port).facts
    assert isinstance(fact, Disclosure)
    assert fact.path == "/login.html"
    assert [thing.kind for thing in fact.shows] == ["firmware", "serial"]


@pytest.mark.parametrize("front", [(200, HTML, LOGIN), (401, {}, b""), redirect("https://127.0.0.1/")])
def test_a_server_that_shows_nothing_is_said_to(front: Page) -> None:
    with site({"/": front}, other=lambda _: front) as port:
        (fact,) = ask(status.PROBE, port).facts
    assert isinstance(fact, Disclosure)
    assert fact.shows == ()


@pytest.mark.parametrize("status_code", [429, 500, 502])
def test_one_that_is_out_of_order_does_not_pass(status_code: int) -> None:
    front: Page = (status_code, {}, b"")
    with site({"/": front}, other=lambda _: front) as port:
        assert end(ask(status.PROBE, port))[0] == AttemptStatus.UNREADABLE


def test_a_page_that_was_not_read_to_its_end_does_not_pass() -> None:
    bomb: Page = (200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(8 * 1024 * 1024), mtime=0))
    with site({"/": bomb}, other=lambda _: (404, {}, b"")) as port:
        assert end(ask(status.PROBE, port))[0] == AttemptStatus.UNREADABLE


def test_silence_shows_nothing() -> None:
    with serving(once(b"")) as port:
        assert end(ask(status.PROBE, port, pace=HURRIED))[0] == AttemptStatus.UNREADABLE


def test_what_is_announced_to_all_on_the_link_is_shown() -> None:
    claims = [
        Claim(what="firmware", value="2.1.0", how="mdns TXT"),
        Claim(what="serial", value="CAM0012345", how="mdns TXT"),
        Claim(what="model", value="X", how="mdns TXT"),
    ]
    inventory = Inventory()
    inventory.add(Found(address="192.0.2.9", how="mdns", claims=tuple(claims)))
    facts = [o.fact for o in inventory.observations("192.0.2.9") if isinstance(o.fact, Disclosure)]
    assert [(thing.kind, thing.word) for thing in facts[0].shows] == [("firmware", "2.1.0"), ("serial", "serial")]
