"""What a server offers for update, fetched over the wire as far as a key needs it: real artefacts, real servers."""

import random
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import anyio
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from iotscan.assess.artefacts import ArtefactVerdict, judge_artefact
from iotscan.model.facts import Artefact, UpdateServer
from iotscan.observe.network.probe import Door
from iotscan.observe.network.probes import update
from iotscan.observe.network.probes.offers import WHOLE_CAP
from tests.observe.network.daemons import accepts, door, free_port, running, serving, tool
from tests.observe.network.test_web_probes import FAST, MANIFEST, SIGNIFY, Page, redirect, site
from tests.observe.network.webserver import nginx
from tests.wire.signing import test_rauc, test_swupdate
from tests.wire.signing.made import NOW
from tests.wire.signing.signers import Signer, a_signer
from tests.wire.signing.trying import state, trusted

BIG = random.Random(3).randbytes(WHOLE_CAP + 4096)
LIMIT = 6
"""Conversations that all of this may take with a server that keeps connections open."""


class Bench(msgspec.Struct, frozen=True, kw_only=True):
    """Artefacts of the real tools, all signed by ``maker``."""

    maker: Signer
    other: Signer
    small: bytes
    big: bytes
    swu: bytes
    plain_swu: bytes


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("endpoints")
    maker = a_signer(folder, "maker", purposes=(test_swupdate.EMAIL,), days=(-900, 9000))
    rauc = test_rauc.Bench(folder=folder, root=maker, signer=maker, bundles={})
    swu = test_swupdate.Bench(folder=folder, signer=maker, sound={})
    described = test_swupdate.description()
    return Bench(
        maker=maker,
        other=a_signer(folder, "other", purposes=(test_swupdate.EMAIL,), days=(-900, 9000)),
        small=rauc.bundle("small", "verity", maker),
        big=rauc.bundle("big", "verity", maker, BIG),
        swu=swu.update(**test_swupdate.FILES) + bytes(WHOLE_CAP),
        plain_swu=swu.pack([("sw-description", described.encode()), *test_swupdate.FILES.items()]),
    )


def artefacts(way: Door) -> dict[str, Artefact]:
    (fact,) = anyio.run(update.PROBE.ask, way).facts
    assert isinstance(fact, UpdateServer)
    return {a.path: a for a in fact.artefacts}


def verdict(artefact: Artefact, *signers: Signer, use: str = "given") -> ArtefactVerdict:
    assert artefact.signed is not None
    return judge_artefact(artefact.signed, [s.trusted(use) for s in signers], NOW)


def links(*names: str) -> bytes:
    return b"".join(f"<a href={name}>{name}</a>".encode() for name in names)


def test_bundles_of_rauc_behind_nginx(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_bytes(links("small.raucb", "big.raucb"))
    (tmp_path / "small.raucb").write_bytes(bench.small)
    (tmp_path / "big.raucb").write_bytes(bench.big)
    with nginx(tmp_path, "listen 127.0.0.1:PORT;") as port:
        way = door(port, "http", pace=FAST)
        found = artefacts(way)
    small, big = found["/small.raucb"], found["/big.raucb"]
    assert verdict(small, bench.maker, use="rauc").state == "verified"
    assert verdict(small, bench.other).state == "wrong-signer"
    assert verdict(small).state == "present"
    assert (small.bytes_read, small.is_truncated) == (len(bench.small), False)
    held = verdict(big, bench.maker, use="rauc")
    assert (held.state, held.by is not None) == ("present", True)
    assert "only its last 65536 bytes were read" in held.why
    assert verdict(big, bench.other).state == "wrong-signer"
    assert (big.bytes_read, big.is_truncated) == (2 * 64 * 1024, True)
    assert way.line.connections <= LIMIT


@contextmanager
def lighttpd(folder: Path) -> Iterator[int]:
    port = free_port()
    config = folder / "lighttpd.conf"
    types = 'mimetype.assign = (".html" => "text/html", "" => "application/octet-stream")'
    config.write_text(
        f'server.bind = "127.0.0.1"\nserver.port = {port}\nserver.document-root = "{folder}"\n'
        f'index-file.names = ("index.html")\n{types}\n'
    )
    with running([tool("lighttpd", "lighttpd"), "-D", "-f", str(config)], lambda: accepts(port), cwd=folder):
        yield port


def test_updates_of_swupdate_behind_lighttpd(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_bytes(links("/a.swu", "/plain.swu"))
    (tmp_path / "a.swu").write_bytes(bench.swu)
    (tmp_path / "plain.swu").write_bytes(bench.plain_swu)
    with lighttpd(tmp_path) as port:
        way = door(port, "http", pace=FAST)
        found = artefacts(way)
    held = verdict(found["/a.swu"], bench.maker, use="swupdate")
    assert (held.state, held.by is not None) == ("present", True)
    assert verdict(found["/a.swu"], bench.other).state == "wrong-signer"
    assert verdict(found["/plain.swu"], bench.maker).state == "unsigned"
    assert way.line.connections <= LIMIT


def test_a_manifest_with_its_signature_beside_it() -> None:
    key, other = (Ed25519PrivateKey.from_private_bytes(bytes([n] * 32)) for n in (0, 1))
    pages = {"/firmware/manifest.json": MANIFEST, "/firmware/manifest.json.sig": SIGNIFY}
    with site(pages) as port:
        artefact = artefacts(door(port, "http", pace=FAST))["/firmware/manifest.json"]
    assert artefact.signature == "detached"
    assert artefact.signed is not None
    assert state(artefact.signed, trusted(key)) == "verified"
    assert state(artefact.signed, trusted(other)) == "wrong-signer"
    with site(pages | {"/firmware/manifest.json": MANIFEST.replace(b'"2"', b'"3"')}) as port:
        artefact = artefacts(door(port, "http", pace=FAST))["/firmware/manifest.json"]
    assert state(artefact.signed, trusted(key)) == "wrong-signer"


# Hostile servers

Answer = Callable[[socket.socket, str], None]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
START = b"hsqs" + bytes(36) + (1 << 30).to_bytes(8, "little") + bytes(48)


def only(answer: Answer, path: str = "/update.bin") -> Callable[[socket.socket], None]:
    """A server that has nothing but ``path``, where it does what it likes; it is told the range that was asked for."""

    def talk(guest: socket.socket) -> None:
        guest.settimeout(3)
        with suppress(OSError):
            while request := guest.recv(8192):
                wanted = request.split()[1].decode()
                if wanted != path:
                    guest.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                    continue
                line = next((r for r in request.split(b"\r\n") if r.startswith(b"Range: bytes=")), b"")
                answer(guest, line.partition(b"=")[2].decode())

    return talk


def piece(content: str, body: bytes) -> bytes:
    """A partial answer that says of itself what ``content`` says."""
    length = f"Content-Length: {len(body)}\r\n\r\n".encode()
    return b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes " + content.encode() + b"\r\n" + length + body


def endless(guest: socket.socket, _: str) -> None:
    guest.sendall(HEAD + b"\r\n" + START)
    while True:
        guest.sendall(bytes(65536))


def four_gigabytes(guest: socket.socket, _: str) -> None:
    guest.sendall(HEAD + b"Content-Length: 4294967296\r\n\r\n" + START)
    while True:
        guest.sendall(bytes(65536))


def deaf_to_ranges(guest: socket.socket, _: str) -> None:
    body = START + bytes(WHOLE_CAP * 2)
    guest.sendall(HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)


def lies(guest: socket.socket, wanted: str) -> None:
    """The beginning again, whichever piece was asked for, and it says that it is the right one."""
    first, _, last = wanted.partition("-")
    guest.sendall(piece(f"{wanted}/{1 << 32}", (START + bytes(1 << 16))[: int(last) - int(first) + 1]))


def another_piece(guest: socket.socket, _: str) -> None:
    guest.sendall(piece(f"0-65535/{1 << 32}", START + bytes(65536 - len(START))))


def shorter(guest: socket.socket, wanted: str) -> None:
    guest.sendall(piece(f"{wanted}/{1 << 32}", START))


def sized_beyond_reason(guest: socket.socket, wanted: str) -> None:
    guest.sendall(piece(f"{wanted}/{'9' * 40}", START + bytes(65536 - len(START))))


@pytest.mark.parametrize(
    "answer", [endless, four_gigabytes, deaf_to_ranges, lies, another_piece, shorter, sized_beyond_reason]
)
def test_a_server_that_gives_no_end_proves_nothing(bench: Bench, answer: Answer) -> None:
    with serving(only(answer)) as port:
        way = door(port, "http", pace=FAST)
        artefact = artefacts(way)["/update.bin"]
    assert artefact.signature == "unknown"
    assert artefact.signed is None or verdict(artefact, bench.maker).state == "unknown"
    assert way.line.bytes_received < 4 * 1024 * 1024
    assert way.line.connections <= 20


def test_the_end_of_a_bundle_before_other_bytes_is_no_verified_bundle(bench: Bench) -> None:
    """The signature holds, over a manifest; what it names was not seen, and is not called verified."""
    size = 1 << 32

    def forged(guest: socket.socket, wanted: str) -> None:
        first, _, last = wanted.partition("-")
        length = int(last) - int(first) + 1
        body = START + bytes(length - len(START)) if first == "0" else bench.big[-length:]
        guest.sendall(piece(f"{wanted}/{size}", body))

    with serving(only(forged)) as port:
        artefact = artefacts(door(port, "http", pace=FAST))["/update.bin"]
    assert artefact.signed is not None
    assert verdict(artefact, bench.maker).state in ("present", "broken")


@pytest.mark.parametrize("lie", ["another range", "a shorter piece", "another size", "not a piece"])
def test_the_signed_end_of_a_bundle_counts_only_as_the_piece_that_was_asked_for(bench: Bench, lie: str) -> None:
    size = len(bench.big)

    def answer(guest: socket.socket, wanted: str) -> None:
        first, _, last = wanted.partition("-")
        body = bench.big[int(first) : int(last) + 1]
        if first == "0":
            guest.sendall(piece(f"{wanted}/{size + (4096 if lie == 'another size' else 0)}", body))
        elif lie == "another range":
            guest.sendall(piece(f"0-{len(body) - 1}/{size}", body))
        elif lie == "a shorter piece":
            guest.sendall(piece(f"{wanted}/{size}", body[-8192:]))
        elif lie == "not a piece":
            guest.sendall(HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        else:
            guest.sendall(piece(f"{wanted}/{size + 4096}", body))

    with serving(only(answer)) as port:
        artefact = artefacts(door(port, "http", pace=FAST))["/update.bin"]
    found = None if artefact.signed is None else verdict(artefact, bench.maker)
    assert found is None or (found.state, found.by) == ("unknown", None)


@pytest.mark.parametrize("change", ["flip", "other-rest"])
def test_a_small_bundle_that_was_changed(bench: Bench, change: str) -> None:
    data = bytearray(bench.small)
    data[len(data) // 2 if change == "flip" else 5000] ^= 1
    with site({"/update.bin": bytes(data)}) as port:
        artefact = artefacts(door(port, "http", pace=FAST))["/update.bin"]
    assert verdict(artefact, bench.maker).state == "broken"


def test_a_small_bundle_without_ranges_is_fetched_whole(bench: Bench, tmp_path: Path) -> None:
    pages: dict[str, Page] = {"/update.bin": (200, {"X-No-Ranges": "1"}, medium(bench))}
    with site(pages) as port:
        artefact = artefacts(door(port, "http", pace=FAST))["/update.bin"]
    assert artefact.signed is not None
    assert (artefact.is_truncated, artefact.signed.variant) == (False, "verity")


def medium(bench: Bench) -> bytes:
    """A bundle longer than its first piece: junk before the real one's end, so damaged, but read to its end."""
    return bench.small[:4096] + bytes(200_000 - len(bench.small) % 4096) + bench.small[4096:]


def test_a_redirect_elsewhere_is_not_followed() -> None:
    with site(
        {"/update.bin": redirect("http://203.0.113.7/update.bin"), "/firmware.bin": redirect("ftp://x/")}
    ) as port:
        way = door(port, "http", pace=FAST)
        assert anyio.run(update.PROBE.ask, way).facts == ()


def test_where_a_manifest_sends_its_readers_is_named_and_not_asked() -> None:
    manifest = (
        b'{"version": "2", "images": [{"url": "http://203.0.113.7:81/a.bin", "sha256": "00"},'
        b'{"url": "https://cdn.example/b.bin", "sha256": "00"}, {"url": "c.bin", "sha256": "00"}]}'
    )
    with site({"/ota/manifest.json": manifest}) as port:
        found = artefacts(door(port, "http", pace=FAST))
    assert found["/ota/manifest.json"].elsewhere == ("http://203.0.113.7:81", "https://cdn.example")
