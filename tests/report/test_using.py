"""What a reader is told of devices as clients and servers: what was seen, and never more than that."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from msgspec.structs import replace
from rich.console import Console

from iotscan.model.answer import Answer
from iotscan.model.device import Device
from iotscan.model.facts import AnyFact, Certificate, Claim, ProtocolUse, TlsUse, UpdateUse
from iotscan.model.facts.protocol_use import NameQuestion, TimeQuestion
from iotscan.model.facts.tls_use import Fault, ServerProof, TlsSession
from iotscan.model.facts.traffic import Peer
from iotscan.model.facts.update_use import UpdateContact
from iotscan.model.observation import observe
from iotscan.model.result import Result
from iotscan.model.run import Run
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Element, Outcome, Reason, Severity
from iotscan.report.audit.assembly import document
from iotscan.report.audit.traffic import IN_FULL
from iotscan.report.audit.traffic_device import ROWS
from iotscan.report.document import Card, Document, Table
from iotscan.report.plain import render
from iotscan.report.talking import traffic
from iotscan.report.terminal import render as draw
from iotscan.report.use_rows import Uses
from tests.report.hostile import is_harmless

from .audit.walking import lines, pieces, tables
from .test_talking import run, seen, talk

WHEN = datetime(2026, 11, 27, tzinfo=UTC)
CLOUD = Peer(address="203.0.113.80", name="cloud.example", named_by="sni")
GATEWAY = Peer(address="10.0.0.1", is_local=True)


def certificate(name: str = "cloud.example") -> Certificate:
    return Certificate(
        subject=f"CN={name}",
        issuer="CN=Lab CA",
        serial="1",
        not_before=WHEN,
        not_after=WHEN + timedelta(days=90),
        key_type="ec",
        key_bits=256,
        signature_hash="sha256",
        sha256="a" * 64,
        spki_sha256="b" * 64,
        names=(name,),
    )


def proof(
    *faults: Fault, trusted: bool = False, own: bool = False, detail: str = "it ended on 2026-10-23"
) -> ServerProof:
    return ServerProof(
        certificates=(certificate(),),
        publicly_trusted=Answer.of(trusted),
        is_self_signed=own,
        faults=faults,
        detail="it ended on 2026-10-23" if faults else "",
    )


def session(**fields: object) -> TlsSession:
    usual: dict[str, object] = {
        "peer": CLOUD,
        "transport": "tcp",
        "port": 443,
        "server_name": "cloud.example",
        "ja3": "0149f47eabf9a20d0893e2a44e5a6323",
        "ja4": "t13d3112h2_e8f1e7e78f70_b26ce05bbdd6",
        "alpn": ("h2", "http/1.1"),
        "offered_versions": ("TLSv1.3", "TLSv1.2"),
        "offered_suites": ("TLS_AES_256_GCM_SHA384", "TLS_RSA_WITH_AES_128_CBC_SHA"),
        "version": "TLSv1.2",
        "suite": "TLS_RSA_WITH_AES_128_CBC_SHA",
        "ending": "application-data",
    }
    return TlsSession(**(usual | fields))  # type: ignore[arg-type]  # fields by name, of several types


def finding(device: str, part: str) -> Result:
    return Result(
        check="server-certificate-validation",
        element=Element.COMMUNICATION,
        outcome=Outcome.FAIL,
        subject=Subject(device=device),
        severity=Severity.HIGH,
        variant="dates",
        part=part,
        fingerprint=f"{device} {part}",
    )


def run_of(*facts: AnyFact, results: Iterable[Result] = (), device: str = "d1") -> Run:
    subject = Subject(device=device, address=f"10.0.0.{device[-1]}")
    made = run(seen(device, talk("cloud.example")), *(observe(fact, subject, probe="traffic/1") for fact in facts))
    return replace(made, results=tuple(results))


def uses_of(*facts: AnyFact, results: Iterable[Result] = ()) -> Uses:
    told = traffic(run_of(*facts, results=results))
    assert told is not None
    return told.devices[0].uses


def text(made: Run, *, width: int = 80) -> str:
    out = StringIO()
    draw(made, Console(file=out, width=width, color_system=None))
    return out.getvalue()


def shown(made: Run) -> dict[str, str]:
    """Every format that a person reads: plain, terminal, document."""
    told = "\n".join(lines(document(made)))
    return {"plain": render(made), "terminal": " ".join(text(made).split()), "document": told}


FOUND = (finding("d1", "cloud.example tcp/443"),)


@pytest.mark.parametrize(
    ("given", "results", "proved", "why"),
    [
        (session(proof=proof("expired")), FOUND, "no", "it sent data all the same: it ended on 2026-10-23"),
        (session(proof=proof(own=True)), FOUND, "no", "it sent data all the same: other keys under this name, too"),
        (session(proof=proof("expired")), (), "unknown", "it may know this very certificate: it ended on 2026-10-23"),
        (session(proof=proof(trusted=True)), FOUND, "unknown", "a right certificate proves nothing"),
        (session(proof=proof()), (), "unknown", "it may know who issued it"),
        (
            session(proof=proof("expired"), ending="refused-by-client"),
            (),
            "yes",
            "it refused this one: it ended on 2026-10-23",
        ),
        (
            session(proof=proof("expired"), ending="finished"),
            FOUND,
            "unknown",
            "no data was seen after it: it ended on 2026-10-23",
        ),
        (session(version="TLSv1.3"), FOUND, "unknown", ""),
        (session(psk_identity="meter-7"), (), "unknown", "both ends have a key, there is no certificate"),
    ],
)
def test_what_proves_that_a_client_checks_is_the_word_of_the_check(
    given: TlsSession, results: tuple[Result, ...], proved: str, why: str
) -> None:
    (row,) = uses_of(TlsUse(sessions=(given,)), results=results).clients
    assert (row.proved, row.why) == (proved, why)


def test_a_finding_about_another_device_or_port_proves_nothing() -> None:
    for other in (finding("d2", "cloud.example tcp/443"), finding("d1", "cloud.example tcp/8443")):
        (row,) = uses_of(TlsUse(sessions=(session(proof=proof("expired")),)), results=(other,)).clients
        assert row.proved == "unknown"


def test_what_a_client_offers_and_is_given_is_told_in_every_format() -> None:
    use = TlsUse(
        sessions=(
            session(proof=proof("expired"), client_certificate=certificate("meter-7")),
            session(
                peer=Peer(address="203.0.113.9"),
                server_name="",
                count=2,
                port=8883,
                psk_identity="meter-0a",
                psk_hint="hub",
            ),
        )
    )
    made = run_of(use, results=FOUND)
    for kind, told in shown(made).items():
        for words in (
            "t13d3112h2_e8f1e7e78f70_b26ce05bbdd6",
            "TLSv1.3, TLSv1.2; 2 suites, first TLS_AES_256_GCM_SHA384; ALPN h2 and http/1.1",
            "it sent data all the same: it ended on 2026-10-23",
            'pre-shared key: identity "meter-0a" and hint "hub"',
        ):
            assert words in told, (kind, words)
    for kind, told in shown(made).items():
        if kind != "terminal":
            assert "0149f47eabf9a20d0893e2a44e5a6323" in told, kind
            assert "certificate cloud.example by Lab CA, until 2027-02-25; nobody here knows its issuer" in told
            assert "client certificate meter-7" in told, kind
            assert "no SNI" in told, kind


def test_one_hello_to_many_servers_is_one_line() -> None:
    peers = [Peer(address=f"203.0.113.{n}", name=f"s{n}.example", named_by="sni") for n in range(1, 6)]
    uses = uses_of(TlsUse(sessions=tuple(session(peer=p, server_name=p.name) for p in peers)))
    (hello,) = uses.hellos
    assert (len(hello.servers), hello.count, len(uses.clients)) == (5, 5, 5)


def test_a_server_is_told_by_what_it_chooses_not_by_each_client() -> None:
    clients = [Peer(address=f"10.0.0.{n}", is_local=True) for n in range(2, 7)]
    given = tuple(session(role="server", peer=p, server_name="", proof=proof(trusted=True)) for p in clients)
    (row,) = uses_of(TlsUse(sessions=given)).servers
    assert (row.count, row.peer) == (5, "10.0.0.2, 10.0.0.3, 10.0.0.4 and 2 more")
    assert row.identity.endswith("trusted publicly")


@pytest.mark.parametrize(
    ("seconds", "count", "words"),
    [
        (None, 1, "once"),
        (None, 2, "2 times"),
        (45, 4, "4 times, every 45 seconds"),
        (1800, 9, "9 times, every 30 minutes"),
        (3600, 3, "3 times, every 1 hour"),
        (172_800, 3, "3 times, every 2 days"),
    ],
)
def test_updates_are_told_with_their_period_transport_and_signature(
    seconds: int | None, count: int, words: str
) -> None:
    period = Answer.of(seconds) if seconds else Answer[int].missing(Reason.NOT_OBSERVABLE, "three looks")
    contact = UpdateContact(
        peer=CLOUD, transport="tcp", port=80, kind="firmware", protocol="http", host="cloud.example", path="/fw.bin",
        format="uimage", signature="none", how="magic", size=2048, count=count, period=period,
        is_answered=True,
    )  # fmt: skip
    (row,) = uses_of(UpdateUse(contacts=(contact,))).updates
    assert (row.where, row.what, row.often) == ("cloud.example/fw.bin", "firmware, uimage, 2 KiB", words)
    assert (row.carried, row.signature) == ("http in the clear", "none seen")
    for kind, told in shown(run_of(UpdateUse(contacts=(contact,)))).items():
        for part in ("cloud.example/fw.bin", "http in the clear", "none seen", words):
            assert part in told, (kind, part)


@pytest.mark.parametrize(
    ("role", "direction", "what"),
    [
        ("client", "to-client", "firmware, uimage"),
        ("client", "to-server", "sent away, firmware, uimage"),
        ("server", "to-server", "brought to it, firmware, uimage"),
        ("server", "to-client", None),  # what others fetch from it
    ],
)
def test_which_way_a_firmware_went_is_told(role: str, direction: str, what: str | None) -> None:
    contact = UpdateContact(
        role=role, direction=direction, peer=CLOUD, transport="tcp", port=80, kind="firmware", protocol="http",
        path="/x", format="uimage", how="magic", is_answered=True, period=Answer.of(60),
    )  # fmt: skip
    assert [row.what for row in uses_of(UpdateUse(contacts=(contact,))).updates] == ([what] if what else [])


def test_a_look_without_a_good_answer_says_so_and_an_encrypted_one_does_not() -> None:
    vain = UpdateContact(
        peer=CLOUD, transport="tcp", port=80, kind="poll", protocol="http", host="cloud.example", path="/poll",
        how="path", count=2, period=Answer.of(7200),
    )  # fmt: skip
    (row,) = uses_of(UpdateUse(contacts=(vain,))).updates
    assert row.often == "2 times, every 2 hours; the answer was an error or not seen"
    for kind, told in shown(run_of(UpdateUse(contacts=(vain,)))).items():
        assert "the answer was an error or not seen" in told, kind
    (row,) = uses_of(UpdateUse(contacts=(replace(vain, is_encrypted=True),))).updates
    assert row.often == "2 times, every 2 hours"


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/fw.bin", "cloud.example/fw.bin"),
        ("state/long", "cloud.example state/long"),
        ("boot.img", "cloud.example boot.img"),
        ("", "cloud.example on tcp/1883"),
    ],
)
def test_what_is_no_path_of_the_web_stands_apart_from_the_server(path: str, where: str) -> None:
    contact = UpdateContact(
        peer=CLOUD, transport="tcp", port=1883, kind="firmware", protocol="mqtt", path=path, how="magic",
        period=Answer[int].missing(Reason.NOT_OBSERVABLE, "one"),
    )  # fmt: skip
    (row,) = uses_of(UpdateUse(contacts=(contact,))).updates
    assert row.where == where


@pytest.mark.parametrize(
    ("issuer", "words"),
    [
        ("CN=Lab CA,O=Lab,C=DE", "by Lab CA,"),
        ("C=DE,O=Lab,CN=Lab CA", "by Lab CA,"),
        (r"CN=Lab\, Inc.,O=Lab", "by Lab, Inc.,"),
        (r"O=Lab\,CN=no name,C=DE", r"by O=Lab\,CN=no name,C=DE,"),
        ("O=Lab", "by O=Lab,"),
    ],
)
def test_an_issuer_is_called_by_its_common_name_where_it_has_one(issuer: str, words: str) -> None:
    leaf = replace(certificate(), issuer=issuer)
    (row,) = uses_of(TlsUse(sessions=(session(proof=replace(proof(), certificates=(leaf,))),))).clients
    assert words in row.identity


def test_dates_that_were_not_judged_are_told_and_nothing_is_called_right() -> None:
    why = "it begins on 2026-06-01, and was taken on 2020-01-02, by the clock of whoever captured, and it is wrong"
    given = session(proof=replace(proof(trusted=True), open_dates=why))
    (row,) = uses_of(TlsUse(sessions=(given,))).clients
    assert (row.proved, row.why) == ("unknown", "whether its dates were right is not known")
    for kind, told in shown(run_of(TlsUse(sessions=(given,)))).items():
        assert f"its dates are not judged: {why}" in told, kind


def test_names_and_times_and_what_is_in_the_clear_are_told_in_every_format() -> None:
    use = ProtocolUse(
        names=(
            NameQuestion(peer=GATEWAY, transport="udp", port=53, name="cloud.example", kind="A"),
            NameQuestion(peer=GATEWAY, transport="udp", port=53, name="ntp.example", kind="A", count=2),
            NameQuestion(peer=CLOUD, transport="tcp", port=853, is_encrypted=True),
        ),
        time=(TimeQuestion(peer=CLOUD, transport="udp", port=123, version=4, mode="client", count=3),),
    )
    uses = uses_of(use)
    assert [(r.server, r.names, r.count, r.protection) for r in uses.names] == [
        ("10.0.0.1", ("cloud.example", "ntp.example"), 3, "in the clear"),
        ("cloud.example (203.0.113.80)", (), 1, "encrypted"),
    ]
    for kind, told in shown(run_of(use)).items():
        for words in ("cloud.example and ntp.example", "NTP version 4", "without authentication"):
            assert words in told, (kind, words)


def test_cleartext_is_told_by_what_makes_it_up_and_what_no_line_tells_stands_last() -> None:
    plain = replace(talk("cloud.example", size=300, protection="cleartext"), protocol="http", port=80)
    told = traffic(run(seen("d1", plain, talk("b.example"), clear=500, encrypted=500)))
    assert told is not None
    assert [(r.what, r.bytes, r.share) for r in told.devices[0].uses.clear] == [
        ("http to cloud.example on tcp/80", 300, "30%"),
        ("not listed one by one", 200, "20%"),
    ]


def test_what_a_device_calls_itself_is_told_with_where_it_said_so() -> None:
    made = run(seen("d1", talk("cloud.example")))
    claims = (Claim(what="hostname", value="cam", how="dhcp request"), Claim(what="name", value="cam", how="mdns"))
    made = replace(made, devices=(Device(id="d1", addresses=("10.0.0.1",), claims=claims),))
    told = traffic(made)
    assert told is not None
    assert told.devices[0].uses.called == ("cam (dhcp request, mdns)",)


def test_what_was_not_seen_is_said_to_be_so() -> None:
    words = shown(run_of(TlsUse(sessions=(session(),))))["document"]
    assert "updates, questions for names and questions for the time" in words


def cards(made: Document) -> list[Card]:
    return [p for p in pieces(made) if isinstance(p, Card) and p.id.startswith("traffic-device-")]


def many(count: int, sessions: int) -> Run:
    """So many devices, each of which said something to so many servers."""
    made = []
    for n in range(count):
        subject = Subject(device=f"dev{n}", address=f"10.0.{n // 250}.{n % 250 + 1}")
        given = tuple(
            session(peer=Peer(address=f"203.0.113.{s}", name=f"s{s}.example"), server_name=f"s{s}.example")
            for s in range(sessions)
        )
        profile = replace(seen("d1", talk("cloud.example", size=100 + n)), subject=subject)
        made += [profile, observe(TlsUse(sessions=given), subject, probe="traffic/1")]
    return run(*made)


def test_a_hundred_devices_are_named_in_one_table_and_ten_are_told_in_full() -> None:
    made = many(100, 15)
    told = document(made)
    shown_cards = cards(told)
    assert len(shown_cards) == IN_FULL
    assert shown_cards[0].title == "10.0.0.100", "who said most stands first where there are no findings"
    (listed,) = [t for t in tables(told) if t.id == "traffic-devices"]
    assert len(listed.rows) == 100
    assert any("The same of 90 further devices is in the run file" in line for line in lines(told))
    for card in shown_cards:
        for table in (b for b in card.blocks if isinstance(b, Table)):
            assert len(table.rows) <= ROWS
    (clients,) = [t for t in tables(told) if t.id == "traffic-clients-1"]
    assert clients.caption == "With whom, as a TLS client: the first 10 of 15, the run file has all"
    assert render(made).count("  tls client: ") == 1500, "the text report has all"


def test_a_device_with_findings_is_told_before_one_that_said_more() -> None:
    made = many(20, 1)
    told = document(replace(made, results=(finding("dev3", "x"),)))
    assert cards(told)[0].title == "10.0.0.4"
    drawn = text(replace(made, results=(finding("dev3", "x"),)))
    assert drawn[drawn.index("WHAT THEY DO") :].splitlines()[1].strip() == "10.0.0.4"
    assert drawn.index("FINDINGS") < drawn.index("TRAFFIC"), "what to worry about comes first"


def test_a_terminal_stays_short_however_many_devices_there_are() -> None:
    drawn = text(many(100, 15)).splitlines()
    assert sum("tls to" in line for line in drawn) == 10
    assert any("and 90 more devices: see the text report" in line for line in drawn)
    assert len(drawn) < 160
    assert drawn.index("  and 90 more devices: see the text or HTML report")


@pytest.mark.parametrize("width", [60, 80, 120])
def test_whom_a_device_talks_to_is_always_named(width: int) -> None:
    """The columns beside the peer took all the room at 80 columns: nobody was named."""
    odd = replace(talk("telemetry.cloud.example", protection="unknown"), protocol="unknown", port=17_000)
    drawn = text(run(seen("d1", odd, clear=98, encrypted=0, unknown=2)), width=width)
    assert "telemetry.cloud" in drawn[drawn.index("TRAFFIC") : drawn.index("Next")]
    assert "98% in the clear" in drawn
    assert max(map(len, drawn.splitlines())) <= max(width, 100)


@pytest.mark.parametrize(
    "trick", ["[bold]x[/] \x1b[2J", "a\nfinding: critical", "\u202eevil", "<script>alert(1)</script>"]
)
def test_what_devices_say_steers_nothing(trick: str) -> None:
    hostile = session(
        peer=Peer(address=trick, name=trick), server_name=trick, alpn=(trick,), psk_identity=trick, psk_hint=trick,
        ja3=trick, ja4=trick, offered_suites=(trick,), suite=trick, group=trick, chosen_alpn=trick, opening=trick,
    )  # fmt: skip
    said = ProtocolUse(names=(NameQuestion(peer=CLOUD, name=trick),), time=(TimeQuestion(peer=Peer(address=trick)),))
    contact = UpdateContact(kind="poll", host=trick, path=trick, format=trick, how=trick, period=Answer.of(5))
    made = run_of(TlsUse(sessions=(hostile, replace(hostile, role="server"))), said, UpdateUse(contacts=(contact,)))
    assert all(is_harmless(line) for line in lines(document(made)))
    assert all(is_harmless(line) for line in (*render(made).splitlines(), *text(made).splitlines()))


def test_the_order_in_a_run_does_not_matter() -> None:
    given = [session(port=n, proof=proof("expired"), count=n) for n in range(1, 8)]
    backwards = uses_of(TlsUse(sessions=tuple(reversed(given))))
    assert backwards == uses_of(TlsUse(sessions=tuple(given)))
