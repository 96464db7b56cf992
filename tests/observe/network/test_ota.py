"""Who may update: hawkBit, Shelly, Tasmota, ArduinoOTA; asked with GET alone, and nobody is registered by it."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from zeroconf import DNSOutgoing, DNSText
from zeroconf.const import _CLASS_IN, _FLAGS_QR_RESPONSE, _TYPE_TXT

from iotscan.model.facts import Claim, HawkbitServer, HttpServer, OtaInterface, UpdateServer, UploadForm
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.probe import Heard
from iotscan.observe.network.probes import ota, update
from iotscan.scan.inventory import Inventory
from iotscan.wire.mdns import read_claims
from tests.observe.network.daemons import accepts, door, free_port, running, tool
from tests.observe.network.test_web_probes import FAST, HTML, Page, ask, site
from tests.observe.network.webserver import make_certificate

JSON = {"Content-Type": "application/hal+json;charset=UTF-8"}


class Ddi:
    """hawkBit's interface for devices, as its DdiRootController answers: polling registers, the rest looks up."""

    def __init__(self, *, is_open: bool) -> None:
        self.is_open = is_open
        self.targets: set[str] = set()

    def __call__(self, path: str) -> Page:
        found = re.fullmatch(r"/(\w+)/controller/v1/([\w.-]+)(/.*)?", path)
        if found is None:
            return 404, {}, b""
        if not self.is_open:
            # HttpStatusEntryPoint: no challenge, no body.
            return 401, {}, b""
        tenant, target, rest = found.groups()
        if tenant != "DEFAULT":
            return self._not_found("Tenant")
        if rest is None:
            self.targets.add(target)
            base = {"config": {"polling": {"sleep": "00:05:00"}}, "_links": {}}
            return 200, JSON, json.dumps(base).encode()
        return self._not_found("Target") if target not in self.targets else (200, JSON, b"[]")

    def _not_found(self, what: str) -> Page:
        said = {
            "exceptionClass": "org.eclipse.hawkbit.repository.exception.EntityNotFoundException",
            "errorCode": "hawkbit.server.error.repo.entitiyNotFound",
            "message": f"{what} with given identifier does not exist.",
        }
        return 404, JSON, json.dumps(said).encode()


def heard(pages: Mapping[str, Page], title: str = "") -> Heard:
    with site(pages) as port:
        known = HttpServer(status=200, title=title, tls=False) if title else None
        return ask(ota.PROBE, port, way=door(port, "http", pace=FAST, known=(known,) if known else ()))


@pytest.mark.parametrize("is_open", [True, False])
def test_hawkbit(is_open: bool) -> None:
    server, seen = Ddi(is_open=is_open), list[str]()
    with site({}, other=server, seen=seen) as port:
        way = door(port, "http", pace=FAST)
        (fact,) = ask(ota.PROBE, port, way=way).facts
    assert isinstance(fact, HawkbitServer)
    assert (fact.is_open, fact.tls) == (is_open, False)
    assert fact.said == ("404 hawkbit.server.error.repo.entitiyNotFound" if is_open else "401")
    assert server.targets == set()
    assert {line.partition(" ")[0] for line in seen} == {"GET"}
    assert (len(seen), way.line.connections) == ((3, 1) if is_open else (4, 2))


def test_what_is_no_hawkbit() -> None:
    for page in ((404, {}, b"not found"), (200, HTML, b"<p>hi</p>"), (302, {"Location": "/login"}, b"")):
        with site({}, other=lambda _, page=page: page) as port:
            assert ask(ota.PROBE, port) == Heard()
    said = json.dumps({"errorCode": "app.notFound"}).encode()
    with site({}, other=lambda _: (404, JSON, said)) as port:
        assert ask(ota.PROBE, port) == Heard()


@pytest.mark.parametrize("status", [401, 403])
def test_a_server_that_tells_nobody_anything_stays_open(status: int) -> None:
    with site({}, other=lambda _: (status, {}, b"")) as port:
        (gap,) = ask(ota.PROBE, port).missed
    assert (gap.need, gap.status, gap.reason) == (
        "hawkbit-server",
        AttemptStatus.UNREADABLE,
        Reason.NOT_OBSERVABLE,
    )


GEN1 = {"type": "SHSW-25", "mac": "A4CF12F45678", "auth": False, "fw": "20230913-114010/v1.14.0", "longid": 1}
GEN2 = {"id": "shellyplus1-a8032ab12345", "mac": "A8032AB12345", "gen": 2, "ver": "1.4.4", "auth_en": True}


@pytest.mark.parametrize(
    ("document", "needs"),
    [(GEN1, False), (GEN1 | {"auth": True}, True), (GEN2, True), (GEN2 | {"auth_en": False}, False)],
)
def test_a_shelly_says_whether_it_has_a_password(document: dict[str, object], needs: bool) -> None:
    (fact,) = heard({"/shelly": (200, JSON, json.dumps(document).encode())}).facts
    assert isinstance(fact, OtaInterface)
    assert (fact.system, fact.needs_password.known, fact.path) == ("shelly", needs, "/shelly")
    assert "A4CF" not in fact.said


@pytest.mark.parametrize("document", [{}, {"auth": False}, {"mac": "x", "type": "x", "auth": "no"}, {"gen": 2}, []])
def test_what_is_no_shelly(document: object) -> None:
    assert heard({"/shelly": (200, JSON, json.dumps(document).encode())}) == Heard()


def test_what_is_said_of_every_path_is_said_of_no_interface() -> None:
    with site({}, other=lambda _: (200, JSON, json.dumps(GEN1).encode())) as port:
        assert ask(ota.PROBE, port) == Heard()


@pytest.mark.parametrize(
    ("page", "needs"),
    [
        ((200, JSON, b'{"Status":{"Module":1,"DeviceName":"x"}}'), False),
        ((200, JSON, b'{"WARNING":"Need user=<username>&password=<password>"}'), True),
        ((401, {}, b""), True),
        ((200, JSON, b"{" * 5000), None),
        ((404, {}, b""), None),
    ],
)
def test_tasmota(page: Page, needs: bool | None) -> None:
    facts = heard({"/cm?cmnd=Status": page}, "Kitchen - Tasmota").facts
    assert [f.needs_password.known for f in facts if isinstance(f, OtaInterface)] == ([] if needs is None else [needs])


def test_tasmota_is_asked_only_where_the_page_says_so() -> None:
    assert heard({"/cm?cmnd=Status": (200, JSON, b'{"Status":{"Module":1}}')}, "Camera") == Heard()


@contextmanager
def swupdate(folder: Path, *words: str) -> Iterator[int]:
    """The real web server of SWUpdate with its own page."""
    page = Path("/usr/share/swupdate/www")
    if not (page / "index.html").exists():
        pytest.skip("needs the page of SWUpdate: apt install swupdate-www")
    _, certificate = make_certificate(folder)
    port = free_port()
    web = " ".join(["-r", str(page), "-p", str(port), *words])
    command = ["env", f"TMPDIR={folder}", tool("swupdate", "swupdate"), "-k", certificate, "-w", web]
    with running(command, lambda: accepts(port), cwd=folder):
        yield port


def test_the_page_of_swupdate(tmp_path: Path) -> None:
    with swupdate(tmp_path) as port:
        (fact,) = ask(update.PROBE, port).facts
    assert isinstance(fact, UpdateServer)
    assert fact.open_uploads == (UploadForm(path="/", action="/upload", installer="SWUpdate"),)


def test_the_page_of_swupdate_behind_a_login(tmp_path: Path) -> None:
    (tmp_path / "users").write_text("admin:gw:0123456789abcdef0123456789abcdef\n")
    with swupdate(tmp_path, "--auth-domain", "gw", "--global-auth-file", str(tmp_path / "users")) as port:
        found = ask(update.PROBE, port)
    assert found.facts == ()
    assert found.missed[0].reason == Reason.NOT_OBSERVABLE


def arduino(*entries: bytes, kind: str = "_arduino._tcp.local.") -> bytes:
    text = b"".join(bytes([len(e)]) + e for e in entries)
    message = DNSOutgoing(_FLAGS_QR_RESPONSE, multicast=True)
    message.add_answer_at_time(DNSText(f"node.{kind}", _TYPE_TXT, _CLASS_IN, 4500, text), 0)
    return bytes(message.packets()[0])


@pytest.mark.parametrize("value", ["no", "yes"])
def test_arduino_announces_it(value: str) -> None:
    claims = read_claims(arduino(b"board=esp32", b"auth_upload=" + value.encode(), b"tcp_check=no"))
    assert claims == (Claim(what="ota-authentication", value=value, how="mdns _arduino._tcp TXT"),)
    inventory = Inventory()
    inventory.add(Found(address="192.0.2.7", how="mdns", claims=claims))
    facts = [o.fact for o in inventory.observations("192.0.2.7") if isinstance(o.fact, OtaInterface)]
    assert [f.needs_password.known for f in facts] == [value == "yes"]


def test_who_else_says_so_is_not_believed() -> None:
    assert read_claims(arduino(b"auth_upload=no", kind="_http._tcp.local.")) == ()
    assert read_claims(arduino(b"auth_upload=maybe")) == ()
