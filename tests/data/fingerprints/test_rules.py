"""Our own rules: each fits its examples, says what they say, and takes time linear in what a device sends."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.data.fingerprints.library import RULES, claimed, load_library, own_databases
from iotscan.data.fingerprints.pattern import TEXT_LIMIT, Pattern
from iotscan.data.fingerprints.recog import Database

DATABASES = own_databases()
LEAST_RULES = 60
FAMILIES = ("hw", "os", "service", "python", "_tmp")


@pytest.fixture(scope="module")
def compiled() -> dict[str, list[Pattern]]:
    return {d.file: [Pattern(r.pattern, r.flags) for r in d.rules] for d in DATABASES}


def test_there_are_enough() -> None:
    assert sum(len(d.rules) for d in DATABASES) >= LEAST_RULES


@pytest.mark.parametrize("database", DATABASES, ids=lambda d: d.file)
def test_examples_fit_their_rule_first_and_give_what_they_say(
    database: Database, compiled: dict[str, list[Pattern]]
) -> None:
    patterns = compiled[database.file]
    for number, rule in enumerate(database.rules):
        assert rule.description, rule.line
        assert rule.examples, rule.line
        for example in rule.examples:
            fitting = [i for i, p in enumerate(patterns) if p.captures(example.text) is not None]
            assert fitting, (database.file, example.line, example.text)
            assert fitting[0] == number, (example.text, database.rules[fitting[0]].description)
            captures = patterns[number].captures(example.text)
            assert captures is not None
            got = claimed(rule, captures)
            for name, value in example.expected:
                assert got.get(name) == value, (example.line, name)


@pytest.mark.parametrize("database", DATABASES, ids=lambda d: d.file)
def test_params_are_of_the_words_that_we_know_and_rules_name_their_source(database: Database) -> None:
    text = (RULES / database.file).read_text()
    assert text.count("<!-- source: ") == len(database.rules)
    for rule in database.rules:
        for param in rule.params:
            assert param.name.split(".")[0] in FAMILIES, (rule.line, param.name)
            assert param.pos <= Pattern(rule.pattern, rule.flags).groups, rule.line


EVIL = (
    "a",
    "(",
    "AAAAAAAA ",
    "1.",
    "-" * 7,
    ";",
    "OpenSSH_",
    "Linux x ",
    "HP HTTP Server; HP ",
    "Siemens, SIMATIC, ",
    "\\",
)


def test_no_rule_takes_more_than_linear_time(compiled: dict[str, list[Pattern]]) -> None:
    """RE2 promises it. The classic that stops Python's ``re`` ends here, and so does every rule on hostile text."""
    assert Pattern("(a+)+$").captures("a" * (TEXT_LIMIT - 1) + "!") is None
    for patterns in compiled.values():
        for pattern in patterns:
            assert type(pattern.compiled).__module__ == "re2"
            for piece in EVIL:
                pattern.captures((piece * TEXT_LIMIT)[:TEXT_LIMIT])


LIBRARY = load_library()[0]


@settings(max_examples=60)
@given(st.sampled_from([d.matches for d in DATABASES]), st.text(max_size=300))
def test_no_text_makes_matching_fail(kind: str, text: str) -> None:
    LIBRARY.match(kind, text)
