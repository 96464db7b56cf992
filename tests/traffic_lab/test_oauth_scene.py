"""Tokens in the clear, from a client and a server of a well-kept library to the findings."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from iotscan.model.facts import Exposures, TokenUse
from iotscan.model.run import Run
from iotscan.model.vocabulary import Outcome
from iotscan.store.runs import read_run

TRUTH: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "truth" / "oauth.yaml").read_text())
SECRETS = ("sensor-secret", "eve-password", "eyJ", "c2Vuc29yOnNlbnNvci1zZWNyZXQ")
CHECKS = ("token-encryption", "token-lifetime")


@pytest.fixture(scope="module")
def told(capture_of: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, str]:
    """The run of the scene's capture, and its file."""
    folder = tmp_path_factory.mktemp("oauth-run")
    command = [sys.executable, "-m", "iotscan", "traffic", str(capture_of("oauth"))]
    ended = subprocess.run([*command, "--exit-zero"], cwd=folder, capture_output=True, text=True, check=False)
    (file,) = folder.glob("iotscan-out/*/run.json")
    assert ended.returncode in (0, 3), ended.stderr
    return read_run(str(file), folder), file.read_text() + ended.stdout + ended.stderr


def seen_of(run: Run, address: str) -> list[TokenUse]:
    facts = (o.fact for o in run.observations if o.subject.address == address)
    return [use for fact in facts if isinstance(fact, Exposures) for use in fact.tokens]


def shown(use: TokenUse) -> dict[str, Any]:
    token = use.token
    found = {
        "scheme": use.scheme,
        "place": use.place,
        "algorithm": token.algorithm,
        "lifetime": token.lifetime.known,
        "issued": use.is_issued,
        "scopes": list(token.scopes),
    }
    return found | ({"guessed": True} if token.guessed_key else {})


@pytest.mark.parametrize("address", TRUTH)
def test_tokens_are_seen_as_they_were_shown(told: tuple[Run, str], address: str) -> None:
    uses, truth = seen_of(told[0], address), TRUTH[address]
    assert sorted(map(shown, uses), key=str) == sorted(truth["tokens"], key=str)
    assert {use.peer.address for use in uses} <= {truth["peer"]}
    # One and the same token was issued and shown.
    assert len({use.token.digest for use in uses}) <= 1


@pytest.mark.parametrize("address", TRUTH)
def test_findings_are_those_of_the_truth(told: tuple[Run, str], address: str) -> None:
    results = [r for r in told[0].results if r.subject.address == address and r.check in CHECKS]
    failed = sorted(f"{r.check} {r.variant}" for r in results if r.outcome is Outcome.FAIL)
    assert failed == sorted(TRUTH[address]["findings"])
    if not TRUTH[address]["tokens"]:
        assert {r.outcome for r in results} == {Outcome.NOT_ASSESSED}


def test_no_secret_stands_anywhere(told: tuple[Run, str]) -> None:
    assert [secret for secret in SECRETS if secret in told[1]] == []
