"""Feeds and repositories behind real web servers: the index and its signature are read, no package is fetched."""

import gzip
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import anyio
import msgspec
import pytest
from tuf.api.metadata import Metadata

from iotscan.assess.artefacts import ArtefactVerdict, judge_artefact
from iotscan.model.facts import Announcement, Artefact, Claim, TrustedKey, UpdateServer
from iotscan.observe.network.places import UpdatePlace, read_place
from iotscan.observe.network.probes import update
from iotscan.observe.network.probes.image_places import REPOSITORIES
from iotscan.observe.network.probes.repositories import FILES
from tests.observe.network.daemons import HOST, door
from tests.observe.network.test_web_probes import FAST, HTML, site
from tests.observe.network.webserver import nginx
from tests.wire.signing import test_apk_feed, test_apt_feed, test_opkg_feed, test_ostree_repo, test_tuf
from tests.wire.signing.made import NOW, a_key
from tests.wire.signing.repositories import Contents, write
from tests.wire.signing.trying import trusted


def feeds(files: Contents, folder: Path, *keys: TrustedKey) -> tuple[list[Artefact], list[str], int]:
    """What is found of a repository that nginx serves with an index of the folder, what was asked, in how many."""
    write(folder, files)
    with nginx(folder, f"autoindex on; listen 127.0.0.1:PORT; access_log {folder}/access.log;") as port:
        way = door(port, "http", pace=FAST, tools={"trusted_keys": keys})
        (fact,) = anyio.run(update.PROBE.ask, way).facts
    assert isinstance(fact, UpdateServer)
    asked = [line.split('"')[1].split()[1] for line in (folder / "access.log").read_text().splitlines()]
    return list(fact.artefacts), asked, way.line.connections


def verdict(artefact: Artefact, *keys: TrustedKey) -> ArtefactVerdict:
    assert artefact.signed is not None
    return judge_artefact(artefact.signed, keys, NOW)


def holds(artefact: Artefact, *keys: TrustedKey) -> bool:
    """A trusted key has made it; what it names was not fetched, so it is no more than that."""
    found = verdict(artefact, *keys)
    return found.state == "present" and found.by is not None


def test_a_feed_of_opkg(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    signer, other = (test_opkg_feed.Signer(tmp_path / "keys", name) for name in ("feed", "other"))
    files = signer.feed(test_opkg_feed.index(test_opkg_feed.PACKAGES))
    files["Packages.gz"] = gzip.compress(files.pop("Packages"))
    (found,), asked, conversations = feeds(files, tmp_path / "signed")
    assert holds(found, signer.key)
    assert verdict(found, other.key).state == "wrong-signer"
    assert "/Packages" not in asked
    assert conversations <= 5
    del files["Packages.sig"]
    (bare,), _, _ = feeds(files, tmp_path / "bare")
    assert (bare.format, bare.signature, verdict(bare).state) == ("opkg-feed", "none", "unsigned")


def test_an_index_too_long_to_keep_is_tried_with_the_keys_that_were_given(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    signer = test_opkg_feed.Signer(tmp_path / "keys", "feed")
    files = signer.feed(test_opkg_feed.index(test_opkg_feed.PACKAGES) + b"\n" * 20_000, {})
    (found,), _, _ = feeds(files, tmp_path / "a", signer.key)
    assert holds(found, signer.key)
    (untried,), _, _ = feeds(files, tmp_path / "b")
    assert not holds(untried, signer.key)


def test_a_feed_of_apk(tmp_path: Path) -> None:
    (found,), _, _ = feeds(test_apk_feed.feed(test_apk_feed.package()), tmp_path / "a")
    assert holds(found, test_apk_feed.trusted(test_apk_feed.KEY))
    assert verdict(found, test_apk_feed.trusted(test_apk_feed.OTHER)).state == "wrong-signer"


@pytest.fixture(scope="module")
def short() -> Iterator[Path]:
    """A folder with a short path: a socket of GnuPG's agent lies in it."""
    folder = Path(tempfile.mkdtemp())
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_a_repository_of_apt(short: Path, tmp_path: Path) -> None:
    folder = short / "a"
    folder.mkdir()
    made = test_apt_feed.Archive(folder)
    try:
        files = {name.removeprefix("dists/stable/"): data for name, data in made.signed().items()}
        flat = {name: data for name, data in files.items() if "/" not in name}
        keys = made.gnupg.trusted("feed")
        others = made.gnupg.trusted("other")
    finally:
        made.gnupg.close()
    packages = gzip.compress(b"Package: hi\nFilename: ./hi_1_all.deb\nSize: 3\n\n")
    (found,), asked, _ = feeds(flat | {"Packages.gz": packages}, tmp_path / "r")
    assert found.format == "apt-feed"
    assert holds(found, *keys)
    assert verdict(found, *others).state == "wrong-signer"
    # A part of a repository of apt is signed by its release file: alone it says nothing.
    write(tmp_path / "part", {"Packages.gz": packages})
    with nginx(tmp_path / "part", "autoindex on; listen 127.0.0.1:PORT;") as port:
        assert anyio.run(update.PROBE.ask, door(port, "http", pace=FAST)).facts == ()
    assert not any(path.endswith(".deb") for path in asked)


def test_a_repository_of_ostree(short: Path, tmp_path: Path) -> None:
    folder = short / "o"
    folder.mkdir()
    made = test_ostree_repo.Repository(folder)
    made.gnupg.close()
    found, asked, conversations = feeds({f"repo/{n}": d for n, d in made.signed.items()}, tmp_path / "r")
    assert [a.signed.variant for a in found if a.signed] == ["summary", "commit of heads/main"]
    assert all(holds(a, *made.keys) for a in found)
    assert not any(path.endswith((".filez", ".dirtree", ".dirmeta")) for path in asked)
    assert conversations <= 6
    bare = {f"repo/{n}": d for n, d in made.signed.items() if not n.endswith((".sig", ".commitmeta"))}
    found, _, _ = feeds(bare, tmp_path / "bare")
    assert {a.signature for a in found} == {"none"}


def test_a_repository_of_tuf(tmp_path: Path) -> None:
    made = test_tuf.Repository()
    made.rotate("root", by=("root",))
    files = {f"metadata/{name}": data for name, data in made.write().items()}
    (found,), asked, conversations = feeds(files, tmp_path / "signed")
    assert holds(found, trusted(test_tuf.public_of("root"), "tuf"))
    assert verdict(found, trusted(a_key("ed25519"), "tuf")).state == "wrong-signer"
    assert found.signed is not None
    assert [p.name for p in found.signed.payloads] == ["gw.img", "vendor/x"]
    assert not any("gw.img" in path for path in asked)
    assert conversations <= 7
    data = bytearray(files["metadata/1.snapshot.json"])
    data[len(data) // 2] ^= 1
    (changed,), _, _ = feeds(files | {"metadata/1.snapshot.json": bytes(data)}, tmp_path / "changed")
    assert verdict(changed, trusted(test_tuf.public_of("root"), "tuf")).state == "broken"


def test_roots_without_end_are_not_followed() -> None:
    root = Metadata.from_bytes(test_tuf.REPOSITORY.roots[0].to_bytes())
    seen: list[str] = []

    def endless(path: str) -> tuple[int, dict[str, str], bytes]:
        number = path.removeprefix("/metadata/").partition(".")[0]
        if not path.endswith("root.json") or not number.isdigit():
            return 404, {}, b""
        root.signed.version = int(number)
        root.sign(test_tuf.SIGNERS["root"])
        return 200, {"Content-Type": "application/json"}, root.to_bytes()

    with site({}, other=endless, seen=seen) as port:
        way = door(port, "http", pace=FAST)
        (fact,) = anyio.run(update.PROBE.ask, way).facts
    assert isinstance(fact, UpdateServer)
    (found,) = fact.artefacts
    assert "of its files were fetched" in verdict(found, trusted(test_tuf.public_of("root"), "tuf")).why
    assert sum("root.json" in path for path in seen) <= FILES + 2
    assert way.line.connections <= 7


def test_an_index_that_never_ends(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    signer = test_opkg_feed.Signer(tmp_path / "keys", "feed")
    files = signer.feed(test_opkg_feed.index(test_opkg_feed.PACKAGES))
    bomb = gzip.compress(b"Package: a\n" + bytes(65 << 20), 1)
    (found,), _, _ = feeds({"Packages.gz": bomb, "Packages.sig": files["Packages.sig"]}, tmp_path / "bomb")
    assert verdict(found, signer.key).state == "unknown"
    long = bytes(600 * 1024)
    with site({"/": (200, HTML, b"<a href=Packages.gz>x</a>"), "/Packages.gz": long}) as port:
        (fact,) = anyio.run(update.PROBE.ask, door(port, "http", pace=FAST)).facts
    assert isinstance(fact, UpdateServer)
    assert [(a.format, a.signature) for a in fact.artefacts] == [("opkg", "unknown")]
    assert "longer than 512 KiB" in fact.artefacts[0].detail


NAMES = ("Release", "Packages", "Packages.gz", "APKINDEX.tar.gz", "summary", "root.json", "timestamp.json")


@pytest.mark.parametrize(
    "body", [b"<html>about our releases</html>", b"{}", b"hello", gzip.compress(b"hello", mtime=0), bytes(99)]
)
def test_a_name_alone_makes_no_repository(body: bytes) -> None:
    page = b"".join(b"<a href=%s>x</a>" % name.encode() for name in NAMES)
    for name in NAMES:
        with site({"/": (200, HTML, page), f"/{name}": body}) as port:
            assert anyio.run(update.PROBE.ask, door(port, "http", pace=FAST)).facts == ()


def test_files_elsewhere_are_not_fetched() -> None:
    away = {"Location": "http://203.0.113.9/x"}
    pages = {"/": (200, HTML, b"<a href=1.root.json>x</a>"), "/1.root.json": (302, away, b"")}
    with site(pages) as port:
        assert anyio.run(update.PROBE.ask, door(port, "http", pace=FAST)).facts == ()


def place(port: int, path: str, host: str = HOST, system: str = "opkg") -> UpdatePlace:
    found = read_place(f"http://{host}:{port}{path}", system, "gateway")
    assert isinstance(found, UpdatePlace)
    return found


INDEX = b"Package: a\nVersion: 1\nFilename: a.ipk\nSize: 3\n\n"


def test_a_name_that_an_image_gives_is_asked_of_the_device_that_announced_it() -> None:
    hostname = Announcement(claims=(Claim(what="hostname", value="gw", how="mdns SRV"),))
    with site({"/deep/feed/Packages": INDEX}) as port:
        tools = {"update_places": (place(port, "/deep/feed", "gw.local"), place(port + 1, "/deep/feed"))}
        (fact,) = anyio.run(update.PROBE.ask, door(port, "http", pace=FAST, known=[hostname], tools=tools)).facts
        assert anyio.run(update.PROBE.ask, door(port, "http", pace=FAST, tools=tools)).facts == ()
    assert isinstance(fact, UpdateServer)
    (feed,) = fact.artefacts
    assert (feed.path, feed.signature, feed.named_by) == ("/deep/feed/Packages.gz", "none", ("gateway",))


def test_more_feeds_of_an_image_than_a_device_is_asked_for_stay_open() -> None:
    with site({f"/{n}/Packages": INDEX for n in range(REPOSITORIES + 2)}) as port:
        tools = {"update_places": tuple(place(port, f"/{n}") for n in range(REPOSITORIES + 2))}
        (fact,) = anyio.run(update.PROBE.ask, door(port, "http", pace=FAST, tools=tools)).facts
        few = msgspec.structs.replace(FAST, connections=16)
        (cut,) = anyio.run(update.PROBE.ask, door(port, "http", pace=few, tools=tools)).facts
    assert isinstance(fact, UpdateServer)
    assert (len(fact.artefacts), fact.paths_unread) == (REPOSITORIES, 2)
    assert isinstance(cut, UpdateServer)
    assert len(cut.artefacts) + cut.paths_unread == REPOSITORIES + 2
    assert len(cut.artefacts) < REPOSITORIES
