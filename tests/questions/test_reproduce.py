"""The command beside each finding shows what the finding says, where the scanner stands."""

import pytest

from tests.e2e.test_reproduce import PLACEHOLDER
from tests.questions.conftest import Scan
from tests.questions.lan import QuestionLan, chosen
from tests.questions.test_truth import results
from tests.questions.truth import QuestionDevice

pytestmark = [pytest.mark.lan, pytest.mark.slow]

DEVICES = [device for _, device in chosen()]


@pytest.mark.parametrize("true", DEVICES, ids=[d.host for d in DEVICES])
def test_each_command_shows_its_finding(plain: Scan, questions: QuestionLan, true: QuestionDevice) -> None:
    # What takes a password, is shown of the practice network.
    findings = [r for r in results(plain, true) if r.is_finding and PLACEHOLDER not in r.reproduce]
    outputs = [(r, questions.scanner.run("bash", "-c", r.reproduce)) for r in findings if r.reproduce]
    wrong = [(r.check, r.reproduce, r.shows, done.stdout) for r, done in outputs if r.shows not in done.stdout]
    assert not wrong
