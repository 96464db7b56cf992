"""``iotscan scan --image``: what the network offers, judged by what the image of the devices holds."""

import gzip
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from iotscan.model.errors import BadInput
from iotscan.model.facts import UpdateServer
from iotscan.model.result import Result
from iotscan.model.run import Run
from iotscan.observe.network.pace import Pacer
from iotscan.scan.image_runs import read_image_runs
from iotscan.store.runs import read_run
from tests.cli.conftest import Cli
from tests.e2e.test_update_artefacts import a_bundle
from tests.observe.image.looking import a_root
from tests.observe.network.daemons import HOST, free_port
from tests.observe.network.webserver import nginx
from tests.program import run_iotscan
from tests.wire.signing import test_opkg_feed
from tests.wire.signing.repositories import write
from tests.wire.signing.signers import Signer, a_signer

CHECKS = ("--check", "update-signature", "--check", "updater-verification")


class Maker(msgspec.Struct, frozen=True, kw_only=True):
    """A maker's gateway: its update, signed, and the run of its image, which holds the key."""

    home: Path
    root: Signer
    bundle: bytes
    image_run: Path


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> Maker:
    home = tmp_path_factory.mktemp("vantages")
    root = a_signer(home, "root", is_ca=True, days=(-100, 9000))
    bundle = a_bundle(home, a_signer(home, "release", root, days=(-50, 9000))).read_bytes()
    conf = "[system]\ncompatible=gateway\n[keyring]\npath=ca.pem\n"
    a_root(home / "gateway", {"etc/rauc/system.conf": conf, "etc/rauc/ca.pem": root.file.read_bytes()})
    return Maker(home=home, root=root, bundle=bundle, image_run=an_image_run(home, home / "gateway"))


def an_image_run(home: Path, image: Path) -> Path:
    out = home / f"{image.name}-out"
    ended = run_iotscan("image", image, "-o", out, *CHECKS, "-qq", home=home)
    assert ended.returncode in (0, 3), ended.stderr
    (folder,) = (p for p in out.iterdir() if p.is_dir())
    return folder


@contextmanager
def offered(folder: Path, bundle: bytes) -> Iterator[int]:
    """A server whose front page links the bundle."""
    folder.mkdir()
    (folder / "index.html").write_bytes(b"<a href=update.raucb>update</a>")
    (folder / "update.raucb").write_bytes(bundle)
    with nginx(folder, f"listen {HOST}:PORT;") as port:
        yield port


Scanned = Callable[..., Run]


@pytest.fixture
def scanned(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scanned:
    """``scanned("--image", RUN)`` scans this machine and reads the run back."""
    # The device is ours and on this machine: politeness there only costs time.
    monkeypatch.setattr("iotscan.observe.network.line.Pacer", lambda _: Pacer(2000))

    def call(*words: object, code: int = 0) -> Run:
        ended = cli("scan", HOST, "-o", tmp_path / "out", *CHECKS, "--no-progress", *words)
        assert ended.code == code, ended.err
        return read_run("latest", tmp_path / "out")

    return call


def on_devices(run: Run, check: str = "update-signature") -> list[Result]:
    return [r for r in run.results if r.check == check and r.subject.device]


def said(results: Sequence[Result]) -> list[tuple[str, ...]]:
    return [(r.check, r.outcome, r.subject.owner, r.summary) for r in results]


def test_an_update_on_the_network_is_verified_by_the_key_of_the_image(
    maker: Maker, scanned: Scanned, cli: Cli, tmp_path: Path
) -> None:
    with offered(tmp_path / "site", maker.bundle) as port:
        alone = scanned("--ports", port)
        joined = scanned("--ports", port, "--image", maker.image_run)
        resumed = gone_on(cli, tmp_path / "out" / joined.id)
    assert "no signature was verified" in on_devices(alone)[0].summary
    (found,) = on_devices(joined)
    assert (found.outcome, found.subject.service) == ("pass", f"tcp/{port}")
    assert "1 verified" in found.summary
    assert "leads to /etc/rauc/ca.pem of image gateway" in found.observed
    # Both vantages stand in one run, each with its grade, and are judged again as they were.
    assert [i.name for i in joined.images] == ["gateway"]
    assert set(joined.grades.images) == {joined.images[0].id}
    assert set(joined.grades.devices) == {joined.devices[0].id}
    assert any(r.check == "updater-verification" and r.subject.image for r in joined.results)
    assert any("gateway as iotscan image read it" in n.text for n in joined.notices)
    cli("assess", tmp_path / "out" / joined.id, *CHECKS, "-qq", "-f", f"json:{tmp_path}/again.json")
    assert said(read_run(f"{tmp_path}/again.json", tmp_path).results) == said(joined.results)
    text = cli("report", tmp_path / "out" / joined.id, "-f", "text").out
    assert "gateway" in text
    # Who goes on with it needs no image again.
    assert resumed.images == joined.images
    assert said(resumed.results) == said(joined.results)
    compared = cli("diff", tmp_path / "out" / alone.id, tmp_path / "out" / joined.id)
    assert compared.code == 1, "what the image shows is new"
    assert "gateway" in compared.out


def gone_on(cli: Cli, folder: Path) -> Run:
    """A scan that was killed when it had found its device, gone on with in a copy of its folder."""
    copy = shutil.copytree(folder, folder.parent.parent / "killed" / folder.name)
    journal = copy / "journal.jsonl"
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:2]))
    assert "--image" in cli("scan", "--resume", copy, "--image", "latest").err
    assert cli("scan", "--resume", copy, "-qq").code == 0
    return read_run(str(copy), copy)


def test_an_update_of_somebody_else_says_that_it_may_be_another_products(
    maker: Maker, scanned: Scanned, tmp_path: Path
) -> None:
    bundle = a_bundle(tmp_path, a_signer(tmp_path, "other", is_ca=True, days=(-50, 9000))).read_bytes()
    with offered(tmp_path / "site", bundle) as port:
        joined = scanned("--ports", port, "--image", maker.image_run, "--fail-on", "high", code=1)
    (found,) = on_devices(joined)
    assert (found.outcome, found.variant) == ("fail", "wrong-signer")
    assert "somebody else's, or the update of another product, which it says it is for (gateway)" in found.summary


def test_an_image_speaks_for_no_device(maker: Maker, scanned: Scanned, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scan that reached nobody stays incomplete, whatever image it was given."""
    monkeypatch.setattr("iotscan.scan.looking.ask_each", reaches_nobody)
    run = scanned("--ports", free_port(), "--image", maker.image_run, code=3)
    assert (run.devices, len(run.images)) == ((), 1)
    assert run.verdict is not None
    assert "no target answered" in run.verdict.summary


async def reaches_nobody(*_: object) -> None:
    """A sweep that nobody answers: on loopback every address does."""


def test_the_latest_run_of_an_image_is_meant_by_latest(maker: Maker) -> None:
    out = maker.image_run.parent
    stored = json.loads((maker.image_run / "run.json").read_text())
    for name, content in (("20991231T000000Z-aaaaaa", stored | {"command": "scan"}), ("20991231T000001Z-aaaaaa", {})):
        (out / name).mkdir()
        (out / name / "run.json").write_text(json.dumps(content))
    assert [i.name for i in read_image_runs(["latest"], out).images] == ["gateway"]


def test_what_is_no_run_of_an_image(maker: Maker, cli: Cli, silent_network: list[str], tmp_path: Path) -> None:
    stored = json.loads((maker.image_run / "run.json").read_text())
    for name, changed in (("scan", {"command": "scan"}), ("strict", {"redaction": "strict"}), ("copy", {})):
        (tmp_path / f"{name}.json").write_text(json.dumps(stored | changed))
    (tmp_path / "rootfs").mkdir()
    for named, why in {
        ("none",): "there is no run 'none'",
        (f"{tmp_path}/rootfs",): "run.json cannot be read",
        (f"{tmp_path}/scan.json",): "is a run of iotscan scan: make one with iotscan image PATH",
        (f"{tmp_path}/strict.json",): "is redacted",
        (f"{tmp_path}/copy.json", str(maker.image_run)): "called 'gateway'",
    }.items():
        with pytest.raises(BadInput, match=why):
            read_image_runs(named, tmp_path)
    ended = cli("scan", HOST, "--image", tmp_path / "scan.json", "-o", tmp_path / "out")
    assert (ended.code, silent_network) == (2, [])
    assert "make one with iotscan image PATH" in ended.err
    assert not (tmp_path / "out").exists()


def signed_feed(folder: Path, signer: test_opkg_feed.Signer) -> None:
    files = signer.feed(test_opkg_feed.index(test_opkg_feed.PACKAGES))
    packed = gzip.compress(files["Packages"])
    write(folder, {name: files[name] for name in ("Packages", "Packages.sig")} | {"Packages.gz": packed})


def a_router(folder: Path, feeds: dict[str, str], key: bytes, scripts: Sequence[str], keyring: bytes) -> None:
    """An image that updates packages from feeds, and itself by scripts."""
    conf = "option check_signature\n" + "".join(f"src/gz {name} {url}\n" for name, url in feeds.items())
    files: dict[str, str | bytes] = {
        "etc/opkg.conf": conf,
        "etc/opkg/keys/feed": key,
        "usr/bin/opkg": b"\x7fELF",
        "etc/rauc/system.conf": "[system]\ncompatible=gateway\n[keyring]\npath=ca.pem\n",
        "etc/rauc/ca.pem": keyring,
    }
    for number, url in enumerate(scripts):
        fetched = f"#!/bin/sh\nwget -O /tmp/u {url} && dd if=/tmp/u of=/dev/mmcblk0p2\n"
        files[f"usr/sbin/update{number}"] = fetched
    a_root(folder, files)


def test_where_an_image_updates_from_is_asked_in_scope_and_named_elsewhere(
    maker: Maker, scanned: Scanned, cli: Cli, tmp_path: Path
) -> None:
    """On a port that no list has, below paths that nothing links to: two feeds and a bundle."""
    (tmp_path / "keys").mkdir()
    signer, other = (test_opkg_feed.Signer(tmp_path / "keys", name) for name in ("feed", "other"))
    site = tmp_path / "site"
    for path, by in (("base", signer), ("other", other)):
        (site / "feeds" / path).mkdir(parents=True)
        signed_feed(site / "feeds" / path, by)
    (site / "ota").mkdir()
    (site / "ota" / "gateway.raucb").write_bytes(maker.bundle)
    closed = free_port()
    refused = "location /ota/private { return 403; }"
    with nginx(site, f"listen {HOST}:PORT; access_log {site}/access.log; {refused}") as port:
        here = f"http://{HOST}:{port}"
        feeds = {
            **{name: f"{here}/feeds/{name}" for name in ("base", "other", "gone")},
            "outside": "http://127.99.0.1/feeds/base",
            "far": "https://feeds.example.com/base",
            "near": f"http://{HOST}:{closed}/feeds",
        }
        key = (tmp_path / "keys" / "feed.pub").read_bytes()
        scripts = [f"{here}/ota/{name}.raucb" for name in ("gateway", "private")]
        a_router(tmp_path / "router", feeds, key, scripts, maker.root.file.read_bytes())
        image_run = an_image_run(tmp_path, tmp_path / "router")
        planned = cli("plan", HOST, "--image", image_run)
        joined = scanned("--image", image_run)
        limited = scanned("--ports", closed, "--image", image_run)
    assert f"for images     {port}, {closed} at {HOST}" in planned.out
    (server,) = [o for o in joined.observations if isinstance(o.fact, UpdateServer)]
    assert server.subject.service == f"tcp/{port}"
    assert isinstance(server.fact, UpdateServer)
    offered = {a.path: a for a in server.fact.artefacts}
    paths = ("feeds/base/Packages.gz", "feeds/other/Packages.gz", "ota/gateway.raucb", "ota/private.raucb")
    assert set(offered) == {f"/{path}" for path in paths}
    assert all(a.named_by == ("router",) for a in offered.values())
    assert offered["/ota/private.raucb"].detail == "it answers 403"
    (found,) = on_devices(joined)
    assert (found.outcome, found.variant) == ("fail", "wrong-signer")
    assert "/feeds/other/Packages.gz is signed by no key" in found.summary
    assert "though image router takes its updates from there" in found.summary
    assert "feed /feeds/base/Packages.gz (opkg-feed): signature embedded, present" in found.observed
    assert "image /ota/gateway.raucb (rauc): signature embedded, verified" in found.observed
    assert of_image(joined) == {
        "http://127.99.0.1/feeds/base: 127.99.0.1 is not in scope": "out_of_scope",
        "https://feeds.example.com/base: no device of this scan is known by the name feeds.example.com, "
        "and no name is looked up": "out_of_scope",
        f"{feeds['near']}: port {closed} is closed there": "unreachable",
    }
    assert {n.text.partition(": ")[2] for n in joined.notices if n.text.startswith("not asked")} == set(
        of_image(joined)
    )
    # Nothing went elsewhere than to the one address in scope, and nothing but GET reached the server.
    log = (tmp_path / "out" / joined.id / "audit.jsonl").read_text().splitlines()
    assert {line["send"]["to"] for line in map(json.loads, log) if "send" in line} == {HOST}
    asked = {line.split('"')[1].split()[0] for line in (site / "access.log").read_text().splitlines()}
    assert {word for word in asked if word.isalpha()} == {"GET"}
    # Who chose the ports chose them for what the image names, too.
    assert all(o.subject.service != f"tcp/{port}" for o in limited.observations)
    assert any("none of those that this scan asks" in why for why in of_image(limited))


def of_image(run: Run) -> dict[str, str]:
    """What was not asked of where the image updates from, and the reason."""
    open_ends = [r for r in run.results if r.check == "update-signature" and r.subject.image]
    return {r.detail.partition(": ")[2]: str(r.reason) for r in open_ends}
