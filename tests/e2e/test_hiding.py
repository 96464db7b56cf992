"""What is hidden in the texts of one device takes no evidence away: neither its own nor another's."""

import base64
from pathlib import Path

import pytest

from iotscan.model.facts import HttpServer
from iotscan.store.runs import read_run
from tests.e2e.talkative import TELNET, WEB, banner
from tests.hostile.serving import device, http, web
from tests.program import run_iotscan


@pytest.mark.timeout(120)
def test_evidence_stays_whatever_another_device_calls_a_password(tmp_path: Path) -> None:
    with device() as boaster, device() as server:
        boaster.tcp((TELNET,), banner("password=Apache/2.4.49\r\nlogin: "))
        server.tcp((WEB,), web(lambda path, request: http(b"hello", "Server: Apache/2.4.49 (Unix)")))
        code = scan(tmp_path, boaster.address, server.address)
    assert code == 0
    run = read_run("latest", tmp_path / "out")
    (page,) = (o.fact for o in run.observations if isinstance(o.fact, HttpServer))
    assert page.server == "Apache/2.4.49 (Unix)"
    assert "password=***" in (tmp_path / "out" / run.id / "run.json").read_text()


@pytest.mark.timeout(120)
def test_a_product_is_recognised_by_a_realm_that_says_its_password(tmp_path: Path) -> None:
    expected = b"Basic " + base64.b64encode(b"admin:1234")

    def reply(path: str, request: bytes) -> bytes:
        if expected in request:
            return http(b"<title>Setup</title>welcome")
        return http(b"no", 'WWW-Authenticate: Basic realm="Default: admin/1234"', status="401 Unauthorized")

    with device() as camera:
        camera.tcp((WEB,), web(reply))
        scan(tmp_path, camera.address, "--default-creds")
    run = read_run("latest", tmp_path / "out")
    outcomes = {(r.outcome, r.variant) for r in run.results if r.check == "default-credentials"}
    assert outcomes == {("fail", "accepted")}
    assert "admin/1234" not in (tmp_path / "out" / run.id / "run.json").read_text()


def scan(output: Path, *words: str) -> int:
    ports = ",".join(map(str, (TELNET, WEB)))
    return run_iotscan("scan", *words, "--ports", ports, "-o", output / "out", home=output).returncode


@pytest.mark.timeout(120)
def test_a_secret_is_hidden_where_its_device_said_it_before(tmp_path: Path) -> None:
    def reply(path: str, request: bytes) -> bytes:
        if path.endswith("oauth-authorization-server"):
            body = b'{"issuer": "http://idp:Zx81-spectrum@idp.example", "jwks_uri": "/k"}'
            return http(body, kind="application/json")
        if path != "/":
            return http(b"no", status="404 Not Found")
        return http(b"<title>we ship with Zx81-spectrum inside</title>")

    with device() as camera:
        camera.tcp((WEB,), web(reply))
        scan(tmp_path, camera.address)
    run = read_run("latest", tmp_path / "out")
    text = (tmp_path / "out" / run.id / "run.json").read_text()
    assert "we ship with *** inside" in text
    assert "http://idp:***@idp.example" in text
    assert "Zx81" not in text
