"""What every shipped check must have, so that a reader is never left alone with a verdict."""

import inspect
import re

import pytest

from iotscan.assess.check import Check
from iotscan.assess.registry import CheckPack, gather, read_file
from iotscan.shipped import shipped

FILES = [p for p in sorted(shipped("checks").glob("*/*.py")) if not p.name.startswith("_")]


@pytest.fixture(params=FILES, ids=lambda p: p.stem)
def check(request: pytest.FixtureRequest) -> Check:
    return read_file(request.param, "iotscan")


def test_there_are_checks():
    assert FILES


def test_all_docstring_headings_are_filled(check: Check):
    for heading in ("looks_at", "matters", "fix", "references"):
        assert getattr(check.info, heading).strip(), f"the heading for {heading} is missing or empty"


def test_title_says_a_state(check: Check):
    title = check.info.title
    assert title[0].isupper() or not title[0].isalpha()
    assert not title.endswith((".", "?", "!"))
    assert len(title.split()) >= 3, "a topic is no state: say what is the case when it is good"


def test_clauses_are_named(check: Check):
    assert check.info.clauses
    assert all(c.standard and c.edition and c.id for c in check.info.clauses)


def test_file_is_named_for_id_and_element(check: Check):
    file = inspect.getsourcefile(check.question)
    assert file is not None
    element, name = file.split("/")[-2:]
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", check.info.id)
    assert name == check.info.id.replace("-", "_") + ".py"
    assert element == check.info.element.value


def test_question_has_a_docstring(check: Check):
    assert inspect.getdoc(check.question)


def test_metadata_uses_known_words(check: Check):
    assert check.info.effort in ("low", "medium", "high")
    assert check.info.lifecycle in ("experimental", "stable", "deprecated")
    assert re.fullmatch(r"\d+\.\d+(\.\d+)?", check.info.since)


def test_variants_are_described(check: Check):
    for name, variant in check.info.variants.items():
        assert re.fullmatch(r"[a-z0-9]+([-.][a-z0-9]+)*", name), name
        assert variant.title.strip()
        assert not variant.title.endswith(".")


def test_ids_and_aliases_are_unique():
    pack: CheckPack = gather(read_file(f, "iotscan") for f in FILES)
    for check in pack.checks:
        assert pack.by_id(check.info.id) is check
        assert all(pack.by_id(alias) is check for alias in check.info.aliases)
