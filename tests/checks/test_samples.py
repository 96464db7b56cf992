"""Every check is shown what makes it fire (each variant), what leaves it silent, and what it cannot know."""

from pathlib import Path

import pytest

from iotscan.model.vocabulary import Outcome
from tests.checks.samples import HERE, KINDS, check_files, judge, read_check, read_sample, sample_files, worst

ALLOWED = {
    "fires": {Outcome.FAIL},
    "silent": {Outcome.PASS, Outcome.NOT_APPLICABLE},
    "unknown": {Outcome.NOT_ASSESSED},
    "error": {Outcome.ERROR},
}


@pytest.mark.parametrize("path", sample_files(), ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_sample_gives_what_it_expects(path: Path):
    sample = read_sample(path)
    check = read_check(path.parent.name)
    expect = sample.expect
    kind = next(k for k in KINDS if path.name.startswith(k))
    assert expect.outcome in ALLOWED[kind], f"{path.name} expects {expect.outcome.value}"
    results = judge(check, sample)
    errors = [r.detail for r in results if r.outcome is Outcome.ERROR and not r.variant]
    assert not errors, errors
    result = worst(results, expect.on)
    assert (result.outcome, result.variant) == (expect.outcome, expect.variant), result
    if expect.reason:
        assert result.reason is expect.reason, result
    if expect.line:
        assert result.subject.line == expect.line, result
    assert expect.summary in result.summary
    assert result.summary
    if result.outcome in (Outcome.FAIL, Outcome.ERROR):
        assert result.observed, "a bad verdict says what was observed"
    if result.outcome is Outcome.FAIL:
        assert result.expected, "a bad verdict says what was expected"


@pytest.mark.parametrize("check_id", sorted(check_files()))
def test_check_has_all_its_samples(check_id: str):
    check = read_check(check_id)
    samples = {p.name: read_sample(p) for p in sample_files() if p.parent.name == check_id}
    fired = {s.expect.variant for name, s in samples.items() if name.startswith(("fires", "error"))}
    assert fired == set(check.info.variants), f"tests/checks/{check_id}/ needs a fires*.yaml for each variant"
    for kind in ("silent", "unknown"):
        assert any(name.startswith(kind) for name in samples), f"tests/checks/{check_id}/ needs a {kind}*.yaml"


def test_every_sample_folder_belongs_to_a_check():
    folders = {p.name for p in HERE.iterdir() if p.is_dir() and not p.name.startswith(("_", "."))}
    assert folders <= set(check_files()), "a sample folder is named for a check id"


def test_every_sample_file_is_run():
    files = {p for p in HERE.glob("*/*") if p.suffix in (".yaml", ".yml")}
    assert files == set(sample_files()), "sample files are named fires*, silent*, unknown* or error*.yaml"
