"""What is one thing to know is one finding, however many places of a file show it."""

from iotscan.model.vocabulary import Outcome
from tests.checks.samples import HERE, judge, read_check, read_sample


def test_the_self_tests_of_a_library_are_one_finding() -> None:
    sample = read_sample(HERE / "private-keys" / "fires-documentation-once.yaml")
    results = [r for r in judge(read_check("private-keys"), sample) if r.outcome is Outcome.FAIL]
    assert [r.subject.line for r in results] == [3639]
    assert "and 2 more in this file" in results[0].observed
