"""What a finding of a revoked certificate tells people to paste shows it: lists and responses, by file and by URL."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import anyio
import msgspec
import pytest

from iotscan.model.result import Result
from iotscan.model.scope import Scope
from iotscan.model.vocabulary import Outcome
from iotscan.observe.given_file import GivenFile
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.probe import Door
from iotscan.observe.network.revocation_fetch import Fetcher
from tests.pki_lab.judging import PACE, Seen, door, read
from tests.pki_lab.responding import Revocation, revocation
from tests.pki_lab.serving import Shown, nginx

SHOWN = ("revoked-by-crl", "revoked-by-ocsp", "revoked-intermediate")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Revocation]:
    folder = tmp_path_factory.mktemp("revoked")
    folder.chmod(0o755)
    with revocation(folder, "issuing", "root", "delta") as one:
        yield one


@pytest.fixture(scope="module")
def ports(served: Revocation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    shown = {name: Shown(leaf=served.pki.leaf(name)) for name in SHOWN}
    with nginx(shown, tmp_path_factory.mktemp("nginx")) as started:
        yield started


def found(served: Revocation, name: str, way: Door) -> Result:
    async def go() -> Seen:
        return await read(way, served.pki.leaf(name).ders)

    told = anyio.run(go).results("gateway", served.pki.now)
    (result,) = (r for r in told if r.check == "revocation-status")
    assert result.outcome is Outcome.FAIL, result
    return result


def shows(result: Result, folder: Path) -> str:
    command = ["bash", "-c", result.reproduce]
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    assert result.shows, result
    return "" if result.shows in done.stdout else f"{result.reproduce}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("name", SHOWN)
def test_by_url(served: Revocation, ports: dict[str, int], tmp_path: Path, name: str) -> None:
    fetcher = Fetcher(Dialer(Scope(include=("127.0.0.0/8",), pace=PACE)), {})
    result = found(served, name, door(ports[name], None, [("lab", served.pki.store)], fetcher=fetcher))
    assert "http://127.0.0.1:" in result.reproduce
    assert not shows(result, tmp_path)


@pytest.mark.parametrize("name", SHOWN)
def test_by_file(served: Revocation, ports: dict[str, int], name: str) -> None:
    pki = served.pki
    given = {
        "revoked-by-crl": ("crl", pki.crl("issuing").pem),
        "revoked-by-ocsp": ("ocsp", pki.ocsp("revoked", about="revoked-by-ocsp").file),
        "revoked-intermediate": ("crl", pki.crl("root").file),
    }
    kind, path = given[name]
    file = msgspec.convert({"kind": kind, "name": path.name, "path": str(path)}, GivenFile)
    result = found(served, name, door(ports[name], None, [("lab", pki.store)], files=[file]))
    assert path.name in result.reproduce
    assert not shows(result, path.parent)


def test_lines_to_paste_ask_one_url_and_overwrite_no_file(served: Revocation, ports: dict[str, int]) -> None:
    fetcher = Fetcher(Dialer(Scope(include=("127.0.0.0/8",), pace=PACE)), {})
    way = {name: door(ports[name], None, [("lab", served.pki.store)], fetcher=fetcher) for name in SHOWN}
    assert "curl -gs " in found(served, "revoked-by-crl", way["revoked-by-crl"]).reproduce
    line = found(served, "revoked-by-ocsp", way["revoked-by-ocsp"]).reproduce
    assert line.startswith("f=$(mktemp); ")
    assert ".pem" not in line
