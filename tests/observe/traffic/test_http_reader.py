"""HTTP in the clear: which answer belongs to which request, what is secret, what is an update."""

import base64
import gzip
import io
import tarfile

import pytest

from iotscan.model.facts import Exposure, HttpExchange, TokenUse, UpdateContact
from iotscan.observe.traffic.conversation import Piece
from iotscan.observe.traffic.readers.http import CHOOSE
from tests.observe.traffic.speaking import AT, Said, conversation, cut, items, play


def request(line: str, *fields: str, body: bytes = b"") -> Said:
    head = "\r\n".join((f"{line} HTTP/1.1", "Host: cloud.example", *fields))
    return ">", head.encode() + (f"\r\nContent-Length: {len(body)}".encode() if body else b"") + b"\r\n\r\n" + body


def answer(status: str, *fields: str, body: bytes = b"") -> Said:
    head = "\r\n".join((f"HTTP/1.1 {status}", *fields, f"Content-Length: {len(body)}"))
    return "<", head.encode() + b"\r\n\r\n" + body


LOGIN = base64.b64encode(b"admin:s3cret-Value9").decode()


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_answers_are_paired_whatever_the_pieces(size: int) -> None:
    talk = conversation()
    said = [
        request("GET /a?x=1", "User-Agent: dev/1.0"),
        request("HEAD /big"),
        request("POST /c", body=b"hello"),
        answer("200 OK", "Server: s/1", "Content-Type: application/json; charset=utf-8", body=b'{"a": 1}'),
        ("<", b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"),
        (
            "<",
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nnop\r\n0\r\n\r\n",
        ),
    ]
    exchanges = items(play(CHOOSE, talk, cut(said, size) if size < 1000 else said), HttpExchange)
    assert [(e.method, e.path, e.status) for e in exchanges] == [
        ("GET", "/a", 200),
        ("HEAD", "/big", 200),
        ("POST", "/c", 404),
    ]
    assert (exchanges[0].user_agent, exchanges[0].server, exchanges[0].body) == ("dev/1.0", "s/1", "json")
    assert exchanges[0].content_type == "application/json"
    assert (talk.server_name, talk.named_by, talk.protocol, talk.protection) == (
        "cloud.example",
        "http host",
        "http",
        "cleartext",
    )


def test_after_a_hole_no_answer_is_given_to_a_request_that_was_not_its() -> None:
    said = [
        request("GET /one"),
        Piece(AT + 1, False, b"tent-Length: 0\r\n\r\nHTTP/1.1 500 no\r\nContent-Length: 0\r\n\r\n", gap=40),
        request("GET /two"),
        answer("200 OK"),
    ]
    exchanges = items(play(CHOOSE, conversation(), said), HttpExchange)
    assert {(e.path, e.status) for e in exchanges} == {("/one", 0), ("/two", 0), ("", 200)}


def test_a_hole_in_a_body_of_known_length_is_counted() -> None:
    said = [
        request("GET /fw.bin"),
        ("<", b"HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n" + b"\x7fELF" + bytes(996)),
        Piece(AT + 9, False, bytes(1000), gap=1000),
        request("GET /next"),
        answer("204 No Content"),
    ]
    exchanges = items(play(CHOOSE, conversation(), said), HttpExchange)
    assert [(e.path, e.status, e.body_bytes) for e in exchanges] == [("/fw.bin", 200, 3000), ("/next", 204, 0)]


def test_what_is_doubtful_proves_nothing() -> None:
    said = [
        request("GET /"),
        Piece(AT + 1, True, request("GET /x", f"Authorization: Basic {LOGIN}")[1], is_doubtful=True),
    ]
    assert not items(play(CHOOSE, conversation(), said), Exposure)


@pytest.mark.parametrize(("status", "accepted"), [("200 OK", True), ("401 no", False), ("500 oh", None)])
def test_basic(status: str, accepted: bool | None) -> None:
    told = play(CHOOSE, conversation(), [request("GET /x", f"Authorization: Basic {LOGIN}"), answer(status)])
    (found,) = items(told, Exposure)
    assert (found.kind, found.what, found.place, found.accepted) == (
        "password",
        "HTTP Basic password of admin",
        "header",
        accepted,
    )
    secrets = next(t.secrets for t in told if t.item is found)
    assert secrets == ("s3cret-Value9", LOGIN)


def test_no_secret_is_in_what_is_told() -> None:
    secrets = ("s3cret-Value9", "tok-9f8e7d6c5b4a39281706", "Zx81Kq02Lm93Np74Qr55")
    said = [
        request(
            "GET /x?access_token=tok-9f8e7d6c5b4a39281706", f"Authorization: Basic {LOGIN}", f"Cookie: sid={secrets[2]}"
        ),
        answer("200 OK", body=b'{"refresh_token": "tok-9f8e7d6c5b4a39281706"}'),
        request(
            f"POST /login/{secrets[2]}AAbb77",
            "Content-Type: application/x-www-form-urlencoded",
            body=b"username=bob&password=s3cret-Value9",
        ),
        answer("302 Found", f"Set-Cookie: PHPSESSID={secrets[2]}; Path=/"),
    ]
    told = play(CHOOSE, conversation(), said)
    text = repr([each.item for each in told])
    assert not any(secret in text for secret in (*secrets, LOGIN))
    assert {e.kind for e in items(told, Exposure)} == {"password", "token", "session"}
    assert {(t.scheme, t.place, t.is_issued) for t in items(told, TokenUse)} == {
        ("access_token", "query", False),
        ("refresh_token", "answer", True),
    }
    assert any(e.what == "password of bob in the form of /login/*" for e in items(told, Exposure))


@pytest.mark.parametrize(
    "said",
    [
        [request("GET /?token=abc"), answer("200 OK")],
        [request("GET /?tokenize=Zx81Kq02Lm93Np74Qr55"), answer("200 OK")],
        [
            request("GET /", "Cookie: lang=Zx81Kq02Lm93Np74Qr55; sid=1"),
            answer("200 OK", "Set-Cookie: theme=Zx81Kq02Lm93Np74"),
        ],
        [request("POST /", body=b'{"password": "********", "show_password": "yes"}'), answer("200 OK")],
        [request("GET /"), answer("200 OK", body=b'{"password": "required", "token": "string", "type": "object"}')],
        [request("GET /", "Authorization: Basic !!!"), answer("200 OK")],
        [request("POST /", body=b'{"lat": 48.1, "lon": 11.5, "ssid": "", "mail": "none"}'), answer("200 OK")],
    ],
)
def test_what_only_might_be_a_secret_is_none(said: list[Said]) -> None:
    told = play(CHOOSE, conversation(), said)
    assert not items(told, Exposure)
    assert not items(told, TokenUse)


def test_personal_data() -> None:
    body = b'{"owner": "ada@example.org", "pos": {"lat": 48.13743, "lng": "11.57549"}, "wifi": {"ssid": "Home of Ada"}}'
    told = play(CHOOSE, conversation(), [request("POST /v1/state", body=body), answer("204 No Content")])
    assert [(e.kind, e.what) for e in items(told, Exposure)] == [
        ("personal", "an address of mail in the body of /v1/state"),
        ("personal", "a position in the body of /v1/state"),
        ("personal", "the name of a wireless network in the body of /v1/state"),
    ]
    assert "Ada" not in repr([t.item for t in told])


def tar_of(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


MENDER = tar_of(("version", b'{"format":"mender","version":3}'), ("manifest", b"x"), ("header.tar.gz", b"y"))
UIMAGE = b"\x27\x05\x19\x56" + bytes(60) + b"\x01" * 4000


@pytest.mark.parametrize(
    ("path", "agent", "got", "expected"),
    [
        ("/files/a", "curl/8", answer("200 OK", body=UIMAGE), ("firmware", "", "uimage", "unknown", "magic")),
        ("/files/a", "mender", answer("200 OK", body=MENDER), ("firmware", "", "mender", "none", "magic")),
        (
            "/fw/dev.bin",
            "curl/8",
            answer("200 OK", body=gzip.compress(b"\1" * 999)),
            ("firmware", "", "gzip", "unknown", "path"),
        ),
        (
            "/DEFAULT/controller/v1/dev1",
            "libcurl",
            answer("200 OK", "Content-Type: application/hal+json", body=b"{}"),
            ("poll", "hawkbit", "", "unknown", "path and what was said"),
        ),
        (
            "/debian/dists/bookworm/InRelease",
            "Debian APT-HTTP/1.3 (2.6.1)",
            answer("304 Not Modified"),
            ("poll", "apt", "", "unknown", "path and user agent"),
        ),
        (
            "/ota/check",
            "esp",
            answer("200 OK", body=b'{"version": "1.2", "url": "http://x.example/a.bin"}'),
            ("poll", "", "", "none", "path"),
        ),
        (
            "/api/info",
            "esp",
            answer("200 OK", body=b'{"version": "1.2", "url": "http://x.example/a.bin"}'),
            ("manifest", "", "", "none", "body"),
        ),
    ],
)
def test_updates(path: str, agent: str, got: Said, expected: tuple[str, ...]) -> None:
    (found,) = items(play(CHOOSE, conversation(), [request(f"GET {path}", f"User-Agent: {agent}"), got]), UpdateContact)
    assert (found.kind, found.system, found.format, found.signature, found.how) == expected
    assert (found.protocol, found.host, found.path) == ("http", "cloud.example", path)


@pytest.mark.parametrize(
    ("path", "got"),
    [
        ("/fw/dev.bin", answer("404 Not Found", "Content-Type: text/html", body=b"<html>no</html>")),
        ("/fw/dev.bin", answer("200 OK", body=b"<!doctype html><html>welcome</html>")),
        ("/status", answer("200 OK", body=b'{"version": "1.2", "sha256": "00", "download": "x.zip"}')),
        ("/photo.jpg", answer("200 OK", "Content-Type: image/jpeg", body=b"\xff\xd8\xff\xe0" + bytes(900))),
        ("/profile/updates.html", answer("200 OK", body=b"<html>")),
    ],
)
def test_what_is_no_update(path: str, got: Said) -> None:
    assert not items(play(CHOOSE, conversation(), [request(f"GET {path}"), got]), UpdateContact)


def test_a_long_download_is_judged_by_both_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ESP32 application of 600 kB: its signature sector is the last."""
    image = bytearray(600 * 1024)
    image[0] = 0xE9
    image[0x20:0x24] = (0xABCD5432).to_bytes(4, "little")
    image[-4096:-4094] = b"\xe7\x02"
    said = [request("GET /x"), *cut([answer("200 OK", body=bytes(image))], 1400)]
    (found,) = items(play(CHOOSE, conversation(), said), UpdateContact)
    assert (found.format, found.signature, found.size) == ("esp32", "present", len(image))


FORM = "Content-Type: multipart/form-data; boundary=b0"
IMAGE = b"\x27\x05\x19\x56" + bytes(60) + b"\1" * 1500


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("Content-Type: application/octet-stream", IMAGE),
        ("Content-Type: application/x-www-form-urlencoded", IMAGE),  # curl --data-binary
        (
            FORM,
            b'--b0\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
            b'--b0\r\nContent-Disposition: form-data; name="f"; filename="x.bin"\r\n\r\n' + IMAGE + b"\r\n--b0--\r\n",
        ),
    ],
)
def test_a_firmware_that_is_uploaded_goes_to_the_server(method: str, field: str, body: bytes) -> None:
    said = [*cut([request(f"{method} /upload", field, body=body)], 700), answer("200 OK", body=b"<html>thanks</html>")]
    (found,) = items(play(CHOOSE, conversation(), said), UpdateContact)
    assert (found.kind, found.direction, found.format) == ("firmware", "to-server", "uimage")
    assert (found.how, found.is_answered, found.size) == ("magic", True, len(body))


@pytest.mark.parametrize(
    "said",
    [
        request("POST /files/x", body=b"a log of the device, as text"),
        request("POST /files/x", body=b"\x89PNG" + IMAGE),
        request("POST /upload", FORM, body=b'--b0\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + IMAGE),
        request("DELETE /fw", body=IMAGE),
    ],
)
def test_what_is_uploaded_and_no_firmware_is_none(said: Said) -> None:
    assert not items(play(CHOOSE, conversation(), [said, answer("200 OK")]), UpdateContact)


@pytest.mark.parametrize(
    ("got", "is_answered"),
    [
        ([answer("200 OK", body=b"{}")], True),
        ([answer("304 Not Modified")], True),
        ([("<", b"HTTP/1.1 204 No Content\r\n\r\n")], True),
        ([answer("401 Unauthorized")], False),
        ([answer("404 Not Found")], False),
        ([answer("503 Later")], False),
        ([answer("302 Found", "Location: http://portal.example/")], False),
        ([answer("200 OK", "Content-Type: text/html; charset=utf-8", body=b"Welcome")], False),
        ([answer("200 OK", body=b"<!doctype html><html>Welcome</html>")], False),
        ([], False),
    ],
)
def test_a_look_for_updates_is_answered_by_no_error_and_no_portal(got: list[Said], is_answered: bool) -> None:
    look = request("GET /DEFAULT/controller/v1/dev1", "Authorization: TargetToken 0123456789abcdef")
    (found,) = items(play(CHOOSE, conversation(), [look, *got]), UpdateContact)
    assert (found.system, found.is_answered) == ("hawkbit", is_answered)


@pytest.mark.parametrize(
    ("status", "fields", "told"),
    [
        ("200 OK", ("Date: Tue, 14 Nov 2023 22:13:20 GMT",), 1_700_000_000),
        ("200 OK", ("Date: Tue, 14 Nov 2023 22:13:20 GMT", "Age: 900"), 0),  # out of a cache
        ("302 Found", ("Date: Tue, 14 Nov 2023 22:13:20 GMT",), 0),  # as portals say it
        ("200 OK", ("Date: yesterday",), 0),
        ("200 OK", ("Date: Tue, 99 Nov 99999 22:13:20 GMT",), 0),
        ("200 OK", (), 0),
    ],
)
def test_an_answer_tells_the_time(status: str, fields: tuple[str, ...], told: int) -> None:
    heard = play(CHOOSE, conversation(), [request("GET /a"), answer(status, *fields)])
    assert {each.clock for each in heard} == {told * 1_000_000_000}


PARTS = (
    b'--x y\r\nContent-Disposition: form-data; name="username"\r\n\r\nadmin\r\n'
    b'--x y\r\nContent-Disposition: form-data; name="password"; filename="password"\r\n\r\nno-Field-at-all9\r\n'
    b'--x y\r\nContent-Type: text/plain\r\nContent-Disposition: form-data; name="password"\r\n\r\ns3cret-Value9\r\n'
)


@pytest.mark.parametrize(("end", "count"), [(b"--x y--\r\n", 1), (b"--x y", 1), (b"--x", 0), (b"", 0)])
def test_a_form_in_parts_is_read_as_far_as_its_fields_are_whole(end: bytes, count: int) -> None:
    said = request("POST /login", 'Content-Type: multipart/form-data; boundary="x y"', body=PARTS + end)
    told = play(CHOOSE, conversation(), [said, answer("200 OK")])
    found = [(each.item.what, each.secrets) for each in told if isinstance(each.item, Exposure)]
    assert found == [("password of admin in the form of /login", ("s3cret-Value9",))] * count


@pytest.mark.parametrize("end", [True, False])
def test_a_request_is_read_to_its_end_though_the_answer_was_there_before(*, end: bool) -> None:
    form = "Content-Type: application/x-www-form-urlencoded"
    _, whole = request("POST /login", form, body=b"a=1&password=s3cret-Value9")
    rest = [(">", whole[-20:]), request("GET /b"), answer("404 No")] if end else []
    told = play(CHOOSE, conversation(), [(">", whole[:-20]), answer("200 OK"), *rest])
    exchanges = [("/login", 200), *([("/b", 404)] if end else [])]
    assert [(e.path, e.status) for e in items(told, HttpExchange)] == exchanges
    assert any("s3cret-Value9" in each.secrets for each in told) is end


@pytest.mark.parametrize("together", [True, False])
def test_what_comes_in_one_piece_with_the_answer_of_an_upgrade_is_heard(together: bool) -> None:
    asking = (">", b"GET /live HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n")
    switched = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
    words = b'{"access_token": "tok-9f8e7d6c5b4a39281706"}'
    greeting = bytes((0x81, len(words))) + words
    down = [("<", switched + greeting)] if together else [("<", switched), ("<", greeting)]
    heard = play(CHOOSE, conversation(), [asking, *down])
    assert [use.place for use in items(heard, TokenUse)] == ["answer"]
