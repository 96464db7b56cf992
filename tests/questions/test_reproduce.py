"""The command beside each finding shows what the finding says, where the scanner stands."""

import os
import shlex
import sys
from pathlib import Path

import pytest

from tests.e2e.test_reproduce import PLACEHOLDER
from tests.questions.conftest import Scan
from tests.questions.host import unharmed
from tests.questions.lan import QuestionLan, chosen
from tests.questions.test_truth import results
from tests.questions.truth import QuestionDevice

pytestmark = [pytest.mark.lan, pytest.mark.slow]

DEVICES = [device for host, device in chosen() if host.harm is unharmed]
"""Those that other people's clients do no harm to: ours ask them so gently because clients do not."""
PATH = f"{os.environ['PATH']}:{Path(sys.executable).parent}"
"""Clients written in Python stand beside ours."""


@pytest.mark.parametrize("true", DEVICES, ids=[d.host for d in DEVICES])
def test_each_command_shows_its_finding(plain: Scan, questions: QuestionLan, true: QuestionDevice) -> None:
    # What takes a password, is shown of the practice network.
    findings = [r for r in results(plain, true) if r.is_finding and PLACEHOLDER not in r.reproduce]
    outputs = [(r, questions.scanner.run("bash", "-c", with_path(r.reproduce))) for r in findings if r.reproduce]
    wrong = [(r.check, r.reproduce, r.shows, done.stdout) for r, done in outputs if r.shows not in done.stdout]
    assert not wrong


def with_path(command: str) -> str:
    """A command, for a shell that finds what is installed for us."""
    return f"PATH={shlex.quote(PATH)}; {command}"
