"""Data stores over HTTP: told by their front page, asked once for nothing that is stored."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from iotscan.model.facts import DataStore
from iotscan.model.vocabulary import AttemptStatus
from iotscan.observe.network.probe import Heard
from iotscan.observe.network.probes import web_store
from tests.observe.network.daemons import accepts, free_port, running, serving, tool
from tests.observe.network.test_web_probes import HTML, HURRIED, Page, ask, end, once, site

JSON = {"Content-Type": "application/json"}
SEARCH = {"cluster_name": "c", "version": {"number": "8.9.0"}, "tagline": "You Know, for Search"}
OPEN_SEARCH = {
    "cluster_name": "c",
    "version": {"distribution": "opensearch", "number": "2.4.0"},
    "tagline": "The OpenSearch Project: https://opensearch.org/",
}
COUCH: Page = (200, JSON, b'{"couchdb":"Welcome","version":"3.3.2"}')
REFUSED = b'{"error":{"root_cause":[{"type":"security_exception"}]},"status":401}'
NO_PAGE = b'{"message":"page not found"}'
DOCKER: Page = (404, {"Server": "Docker/24.0.5 (linux)"}, NO_PAGE)


@contextmanager
def influxd(folder: Path, *, login: bool) -> Iterator[int]:
    """The real InfluxDB, with its HTTP interface on loopback."""
    port, backup = free_port(), free_port()
    (folder / "influxdb.conf").write_text(
        f'bind-address = "127.0.0.1:{backup}"\nreporting-disabled = true\n[meta]\ndir = "{folder}/meta"\n'
        f'[data]\ndir = "{folder}/data"\nwal-dir = "{folder}/wal"\n[monitor]\nstore-enabled = false\n'
        f'[http]\nbind-address = "127.0.0.1:{port}"\nauth-enabled = {str(login).lower()}\nlog-enabled = false\n'
    )
    command = [tool("influxd", "influxdb"), "-config", str(folder / "influxdb.conf")]
    with running(command, lambda: accepts(port), cwd=folder):
        yield port


def store(pages: dict[str, Page]) -> DataStore:
    with site(pages) as port:
        (fact,) = ask(web_store.PROBE, port).facts
    assert isinstance(fact, DataStore)
    return fact


@pytest.mark.parametrize("login", [False, True])
def test_influxdb(tmp_path: Path, login: bool) -> None:
    with influxd(tmp_path, login=login) as port:
        (fact,) = ask(web_store.PROBE, port).facts
        assert isinstance(fact, DataStore)
        url = f"http://127.0.0.1:{port}{fact.path}"
        shown = subprocess.run(["curl", "-s", "-m", "5", url], capture_output=True, text=True, check=True).stdout
    assert (fact.system, fact.version[:2]) == ("influxdb", "1.")
    assert fact.needs_login.value is login
    assert (fact.said in shown) is not login


@pytest.mark.parametrize(
    ("pages", "system", "version", "needs_login"),
    [
        ({"/": (200, JSON, json.dumps(SEARCH).encode())}, "elasticsearch", "8.9.0", False),
        ({"/": (401, {"WWW-Authenticate": 'Basic realm="security"'}, REFUSED)}, "elasticsearch", "", True),
        ({"/": (200, JSON, json.dumps(OPEN_SEARCH).encode())}, "opensearch", "2.4.0", False),
        ({"/": (401, {"WWW-Authenticate": 'Basic realm="OpenSearch Security"'}, b"")}, "opensearch", "", True),
        ({"/": COUCH, "/_all_dbs?limit=0": (200, JSON, b"[]")}, "couchdb", "3.3.2", False),
        ({"/": COUCH, "/_all_dbs?limit=0": (401, JSON, b'{"error":"unauthorized"}')}, "couchdb", "3.3.2", True),
        ({"/": COUCH}, "couchdb", "3.3.2", None),
        ({"/": COUCH, "/_all_dbs?limit=0": (500, JSON, b'{"error":"x","stack":[]}')}, "couchdb", "3.3.2", None),
        ({"/": DOCKER, "/version": (200, JSON, b'{"ApiVersion":"1.43"}')}, "docker", "24.0.5", False),
        ({"/": DOCKER, "/version": (403, JSON, b"{}")}, "docker", "24.0.5", True),
    ],
)
def test_stores(pages: dict[str, Page], system: str, version: str, needs_login: bool | None) -> None:
    fact = store(pages)
    assert (fact.system, fact.version, fact.needs_login.known) == (system, version, needs_login)


@pytest.mark.parametrize(
    "front",
    [
        (200, HTML, b"<p>You Know, for Search"),
        (200, JSON, b'{"version": {"number": "8"}}'),
        (404, {"Server": "nginx"}, NO_PAGE),
        (401, {"WWW-Authenticate": 'Basic realm="camera"'}, b""),
        (401, {"WWW-Authenticate": 'Basic realm="security"'}, b"401"),
    ],
)
def test_what_is_no_store_is_not_asked_further(front: Page) -> None:
    seen: list[str] = []
    with site({"/": front}, seen=seen) as port:
        assert ask(web_store.PROBE, port) == Heard()
    assert seen == ["GET /"]


def test_silence_is_no_absence() -> None:
    with serving(once(b"")) as port:
        assert end(ask(web_store.PROBE, port, pace=HURRIED))[0] == AttemptStatus.UNREADABLE
