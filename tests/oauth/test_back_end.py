"""An authorization server as a back end that somebody granted: from the command line to what can be repeated."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from iotscan.model.result import Result
from iotscan.model.vocabulary import Outcome
from iotscan.store.runs import read_run
from tests.oauth.test_probes import authorization_server

CHECKS = ("api-access", "oauth-issuer", "oauth-keys", "oauth-metadata", "token-binding")
Scanned = Callable[..., tuple[list[Result], str]]


@pytest.fixture
def scanned(tmp_path: Path) -> Scanned:
    """What a scan of a server with these flaws gives: results of our checks, and all that it wrote."""

    def scan(*flaws: str, repeated: bool = False) -> tuple[list[Result], str]:
        with authorization_server(tmp_path, *flaws) as port:
            command = [sys.executable, "-m", "iotscan", "scan", "--backend", f"127.0.0.1:{port}", "--exit-zero"]
            checks = [word for check in CHECKS for word in ("--check", check)]
            ended = subprocess.run([*command, *checks], cwd=tmp_path, capture_output=True, text=True, check=False)
            assert ended.returncode in (0, 3), ended.stderr
            (file,) = tmp_path.glob("iotscan-out/*/run.json")
            results = [r for r in read_run(str(file), tmp_path).results if r.check in CHECKS]
            if repeated:
                for result in results:
                    assert_is_shown(result)
        return results, file.read_text() + ended.stdout + ended.stderr

    return scan


def assert_is_shown(result: Result) -> None:
    if result.outcome is Outcome.FAIL:
        said = subprocess.run(result.reproduce, shell=True, capture_output=True, text=True, check=False).stdout
        assert result.shows in said, f"{result.check}: {result.reproduce} says {said!r}"


def test_a_sound_server_passes(scanned: Scanned) -> None:
    results, _ = scanned()
    told = {r.check: (r.outcome, r.variant) for r in results}
    assert told.pop("token-binding") == (Outcome.FAIL, "bearer")
    assert told == dict.fromkeys(told, (Outcome.PASS, ""))
    assert set(told) == set(CHECKS) - {"token-binding"}


def test_each_flaw_is_told_once_and_can_be_repeated(scanned: Scanned) -> None:
    results, written = scanned("password", "private-key", "symmetric-key", "wrong-issuer", "open-api", repeated=True)
    told = sorted((r.check, r.variant) for r in results if r.outcome is Outcome.FAIL)
    assert told == [
        ("api-access", "data"),
        ("oauth-issuer", "issuer"),
        ("oauth-keys", "private"),
        ("oauth-keys", "symmetric"),
        ("oauth-metadata", "password-grant"),
        ("token-binding", "bearer"),
    ]
    # The line that repeats it has the name of the member, and no more.
    assert not re.search(r'"(d|k)\W{1,4}:\s*\W{1,4}[\w-]{20}', written)
    assert "kitchen" not in written
