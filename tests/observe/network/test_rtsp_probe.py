"""What is learnt of cameras: those of GStreamer's RTSP server, and some that answer as they like."""

import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import anyio
import msgspec
import pytest

from iotscan.assess.check import Target, Verdict
from iotscan.assess.registry import load_checks
from iotscan.model.answer import Answer
from iotscan.model.facts import DefaultLogin, HttpServer, OpenService, RtspChallenge, RtspServer
from iotscan.model.scope import Pace
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.probe import Heard
from iotscan.observe.network.probes.rtsp import PROBE, usual_paths
from tests.observe.network.acme import record, verdict
from tests.observe.network.daemons import HOST, PACE, accepts, door, free_port, running, serving, tool
from tests.observe.network.proof import proves
from tests.observe.network.webserver import make_certificate

PYTHON = "/usr/bin/python3"
BINDINGS = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
CAMERAS = ("open", "basic", "digest", "tls", "hidden")
SDP = b"v=0\r\ns=x\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\n"


@pytest.fixture(scope="module")
def cameras(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, int]]:
    """The ports of the cameras of GStreamer, by name."""
    if subprocess.run([PYTHON, "-c", BINDINGS], capture_output=True, check=False).returncode:
        pytest.skip("needs GStreamer's RTSP server: apt install gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-good")
    folder = tmp_path_factory.mktemp("rtsp")
    ports = {name: free_port() for name in CAMERAS}
    script = str(Path(__file__).with_name("rtsp_server.py"))
    places = [f"{name}:{port}" for name, port in ports.items()]
    command = [PYTHON, "-I", script, HOST, *make_certificate(folder), *places]
    with running(command, lambda: all(map(accepts, ports.values())), cwd=folder):
        yield ports


def ask(port: int, protocol: str = "rtsp", pace: Pace = PACE) -> Heard:
    return anyio.run(PROBE.ask, door(port, protocol, pace=pace))


def asked(port: int, protocol: str = "rtsp") -> RtspServer:
    (fact,) = ask(port, protocol).facts
    assert isinstance(fact, RtspServer)
    return fact


def test_an_open_camera(cameras: Mapping[str, int]) -> None:
    fact = asked(cameras["open"])
    assert (fact.needs_login.known, fact.path, fact.media, fact.control) == (False, "/stream1", ("video JPEG",), 404)
    assert fact.server == "GStreamer RTSP server"
    assert "DESCRIBE" in fact.methods


BASIC = RtspChallenge(scheme="basic", realm="Acme Cam")
DIGEST = RtspChallenge(scheme="digest", realm="Acme Cam", algorithm="md5")


@pytest.mark.parametrize(
    ("name", "protocol", "challenges"),
    [
        ("basic", "rtsp", {BASIC}),
        ("digest", "rtsp", {DIGEST}),
        ("tls", "rtsps", {BASIC}),
    ],
)
def test_cameras_that_ask(cameras: Mapping[str, int], name: str, protocol: str, challenges: set[RtspChallenge]) -> None:
    fact = asked(cameras[name], protocol)
    assert (fact.needs_login.known, fact.path, fact.tls) == (True, "/stream1", protocol == "rtsps")
    assert set(fact.challenges) == challenges


def test_a_path_that_is_not_there_says_nothing(cameras: Mapping[str, int]) -> None:
    fact = asked(cameras["hidden"])
    assert (fact.needs_login.known, fact.needs_login.reason, fact.control) == (None, Reason.NOT_OBSERVABLE, 404)
    assert "404" in fact.needs_login.detail


def test_the_line_shows_what_is_found(cameras: Mapping[str, int]) -> None:
    tool("nc", "netcat-openbsd")
    (judge,) = (check for check in load_checks().checks if check.info.id == "rtsp-authentication")

    def shown(name: str) -> tuple[str, bool]:
        fact = asked(cameras[name], "rtsps" if name == "tls" else "rtsp")
        verdict = judge.question(fact, Target(subject=Subject(address=HOST, service=f"tcp/{cameras[name]}")))
        assert isinstance(verdict, Verdict)
        if verdict.kind != "bad":
            return verdict.kind, True
        ended = subprocess.run(["bash", "-c", verdict.reproduce], capture_output=True, text=True, check=False)
        return verdict.variant, verdict.shows in ended.stdout

    with ThreadPoolExecutor() as pool:  # nc waits for more to come
        came = list(pool.map(shown, ("open", "basic", "digest", "tls")))
    assert came == [("open", True), ("basic", True), ("digest-md5", True), ("good", True)]


def camera(answer: Callable[[str, str], bytes], said: list[str], *, closes: bool = False) -> Callable[..., None]:
    """One that answers a method and a path; what it hears is kept."""

    def talk(guest: socket.socket) -> None:
        heard = b""
        while piece := guest.recv(4096):
            heard += piece
            while (end := heard.find(b"\r\n\r\n")) >= 0:
                head, heard = heard[:end].decode(), heard[end + 4 :]
                said.append(head)
                method, url, _ = head.split("\r\n")[0].split(" ")
                number = re.search(r"CSeq: (\d+)", head)
                path = re.sub(r"^rtsps?://[^/]*", "", url)
                reply = answer(method, path)
                assert number is not None
                guest.sendall(reply.replace(b"\r\n", b"\r\nCSeq: " + number[1].encode() + b"\r\n", 1))
                if closes:
                    return

    return talk


def reply(status: int, *fields: str, body: bytes = b"") -> bytes:
    lines = (f"RTSP/1.0 {status} X", *fields, f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def met(answer: Callable[[str, str], bytes], *, closes: bool = False) -> tuple[Heard, list[str]]:
    said: list[str] = []
    with serving(camera(answer, said, closes=closes)) as port:
        heard = ask(port)
    return heard, [head.split("\r\n")[0] for head in said]


def test_where_every_path_asks_for_a_login_three_questions_are_enough() -> None:
    heard, said = met(
        lambda method, path: reply(200 if method == "OPTIONS" else 401, 'WWW-Authenticate: Basic realm="C"')
    )
    (fact,) = heard.facts
    assert isinstance(fact, RtspServer)
    assert (fact.needs_login.known, fact.control, fact.path) == (True, 401, "/Streaming/Channels/101")
    assert len(said) == 3


def test_where_any_path_is_a_stream_the_first_is_enough() -> None:
    heard, said = met(lambda method, path: reply(200, body=SDP if method == "DESCRIBE" else b""))
    (fact,) = heard.facts
    assert isinstance(fact, RtspServer)
    assert (fact.needs_login.known, fact.control, fact.media) == (False, 200, ("video H265",))
    assert len(said) == 2


def test_a_yes_without_a_description_is_no_stream() -> None:
    heard, said = met(lambda method, path: reply(200, body=b"<html>m=video</html>"))
    (fact,) = heard.facts
    assert isinstance(fact, RtspServer)
    assert fact.needs_login.known is None
    assert "200" in fact.needs_login.detail
    assert len(said) == 7


def test_an_open_path_beside_guarded_ones_is_found() -> None:
    def answer(method: str, path: str) -> bytes:
        if path == "/":
            return reply(200, body=SDP)
        return reply(401 if path == "/stream1" else 404, 'WWW-Authenticate: Digest realm="C"')

    (fact,) = met(answer)[0].facts
    assert isinstance(fact, RtspServer)
    assert (fact.needs_login.known, fact.path, fact.challenges) == (False, "/", ())


def test_who_closes_after_each_answer_is_met_three_times() -> None:
    heard, said = met(lambda method, path: reply(404), closes=True)
    (fact,) = heard.facts
    assert isinstance(fact, RtspServer)
    assert fact.needs_login.known is None
    assert len(said) == 3


def test_what_describes_nothing_is_asked_for_nothing() -> None:
    heard, said = met(lambda method, path: reply(200, "Public: ANNOUNCE, SETUP, RECORD"))
    (fact,) = heard.facts
    assert isinstance(fact, RtspServer)
    assert fact.needs_login.known is None
    assert said == ["OPTIONS * RTSP/1.0"]


def silent(guest: socket.socket) -> None:
    while guest.recv(4096):
        pass


def test_junk_silence_and_an_end_are_not_assessed() -> None:
    with serving(lambda guest: guest.sendall(b"SSH-2.0-x\r\n")) as port:
        (gap,) = ask(port).missed
    assert (gap.status, gap.reason) == (AttemptStatus.UNREADABLE, Reason.UNREADABLE)
    with serving(lambda guest: None) as port:
        (gap,) = ask(port).missed
    assert gap.status is AttemptStatus.UNREADABLE
    with serving(silent) as port:
        (gap,) = ask(port, pace=msgspec.structs.replace(PACE, conversation_timeout=0.3)).missed
    assert gap.status is AttemptStatus.TIMED_OUT


def floods(guest: socket.socket) -> None:
    guest.recv(4096)
    guest.sendall(b"RTSP/1.0 200 OK\r\nContent-Length: 999999999\r\n\r\n")
    with suppress(OSError):
        while True:
            guest.sendall(b"m=video 0 RTP/AVP 96\r\n" * 999)


def drips(guest: socket.socket) -> None:
    guest.recv(4096)
    with suppress(OSError):
        for byte in b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 99:
            guest.sendall(bytes([byte]))
            guest.settimeout(0.02)
            with suppress(TimeoutError):
                guest.recv(1)


def test_a_flood_is_read_to_a_cap_and_a_drip_to_the_clock() -> None:
    with serving(floods) as port:
        at = door(port, "rtsp")
        (fact,) = anyio.run(PROBE.ask, at).facts
    assert isinstance(fact, RtspServer)
    assert fact.needs_login.known is None
    assert at.line.connections == 3
    assert at.line.bytes_received <= 3 * 256 * 1024, "what the kernel had ready counts, too"
    with serving(drips) as port:
        (gap,) = ask(port, pace=msgspec.structs.replace(PACE, conversation_timeout=0.5)).missed
    assert gap.status is AttemptStatus.TIMED_OUT


def test_nothing_but_two_reading_methods_is_sent_and_no_credentials() -> None:
    said: list[str] = []
    with serving(camera(lambda method, path: reply(404), said)) as port:
        ask(port)
    assert {head.split(" ")[0] for head in said} == {"OPTIONS", "DESCRIBE"}
    assert not any("authorization" in head.lower() for head in said)


def test_the_maker_that_a_device_names_is_asked_first() -> None:
    page = HttpServer(tls=False, status=200, title="Reolink")
    assert usual_paths(door(554, "rtsp", known=(page,)))[0] == "/h264Preview_01_main"
    banner = OpenService(protocol="rtsp", banner="Dahua Rtsp Server")
    assert usual_paths(door(554, "rtsp", known=(banner,)))[0] == "/cam/realmonitor?channel=1&subtype=0"
    assert len(usual_paths(door(554, "rtsp"))) == 5


@pytest.mark.parametrize("name", ["basic", "digest"])
def test_a_default_login_is_told_from_a_wrong_one(cameras: Mapping[str, int], name: str, tmp_path: Path) -> None:
    """On the path that the question found asking, where there may be no stream at all."""
    port = cameras[name]
    shown = asked(port)
    found = verdict(tmp_path, port, "rtsp", [shown], record(("viewer", "s3cret-rtsp")))
    assert isinstance(found, DefaultLogin)
    assert (found.protocol, found.outcome, found.account, found.tries) == ("rtsp", "accepted", "viewer", 3)
    (tmp_path / "ledger").unlink()
    wrong = verdict(tmp_path, port, "rtsp", [shown], record(("viewer", "changed")))
    assert isinstance(wrong, DefaultLogin)
    assert wrong.outcome == "rejected"
    if shutil.which("ffprobe"):
        stream = msgspec.structs.replace(found, path="/stream1")
        assert proves(stream, port, "s3cret-rtsp")
        assert not proves(stream, port, "wrong")


def rtsp(*answers: bytes) -> Callable[[socket.socket], None]:
    """A camera that answers the first request with a challenge, and those with credentials as it is told."""
    left = list(answers)

    def talk(guest: socket.socket) -> None:
        while data := guest.recv(4096):
            status = b"401 No" if b"Authorization" not in data else left.pop(0)
            number = re.search(rb"CSeq: (\d+)", data)
            head = b"RTSP/1.0 %s\r\nCSeq: %s\r\n" % (status, number[1] if number else b"")
            guest.sendall(head + b'WWW-Authenticate: Basic realm="Acme Cam"\r\n\r\n')

    return talk


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ((b"200 OK",), "accepts_any"),
        ((b"401 No", b"404 None", b"401 No"), "accepted"),
        ((b"404 None",), Reason.UNREADABLE),
        ((b"401 No", b"429 Later"), Reason.LOCKED_OUT),
        ((b"403 No", b"403 No"), "rejected"),
        ((b"401 No", b"403 No"), Reason.UNREADABLE),
        ((b"401 No", b"454 What"), Reason.UNREADABLE),
    ],
)
def test_cameras_with_a_trick(tmp_path: Path, answers: tuple[bytes, ...], outcome: str | Reason) -> None:
    known = RtspServer(tls=False, needs_login=Answer.of(True), path="/x", challenges=(BASIC,))
    with serving(rtsp(*answers)) as port:
        found = verdict(tmp_path, port, "rtsp", [known])
    assert (found.outcome if isinstance(found, DefaultLogin) else found.reason) == outcome
