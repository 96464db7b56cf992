"""What holds of every document, whatever the run: it can be laid out, its links lead somewhere, it steers nothing."""

import random
from collections import Counter
from string import ascii_letters

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from iotscan.model.material import Material
from iotscan.model.run import Run
from iotscan.report.audit.assembly import document
from iotscan.report.audit.links import ids
from iotscan.report.document import Document, Section
from iotscan.report.words import clean
from tests.report.full import full_run
from tests.report.hostile import TRICKS, is_harmless, spoiled

from .runs import discovered, material, shapes
from .walking import has, lines, pieces, spans, tables

SHAPES = {**shapes(), "full": full_run()}


def require_sound(told: Document) -> None:
    for table in tables(told):
        assert {len(row) for row in table.rows} <= {len(table.columns)}, table.caption
        assert table.columns, table.caption
    count = Counter(ids(told.sections))
    assert [name for name, n in count.items() if n > 1] == []
    assert [s.href for s in spans(told) if s.href.startswith("#") and s.href[1:] not in count] == []
    assert [s for s in spans(told) if (s.kind == "link") != bool(s.href)] == []
    for line in lines(told):
        assert is_harmless(line), repr(line)
        assert clean(line, len(line)) == line, repr(line)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("given", [Material(), material()], ids=["bare", "full"])
def test_every_document_is_sound(shape: str, given: Material) -> None:
    require_sound(document(SHAPES[shape], given))


@pytest.mark.parametrize("trick", TRICKS)
def test_no_device_breaks_a_document(trick: str) -> None:
    require_sound(document(spoiled(trick), material()))


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=60))
def test_no_text_breaks_a_document(text: str) -> None:
    require_sound(document(spoiled(text), replace(material(), title=text, recipients=(text,), judgement=(text,))))


def shuffled(run: Run, seed: int) -> Run:
    order = random.Random(seed)

    def mixed(values: tuple) -> tuple:  # type: ignore[type-arg]
        return tuple(order.sample(values, len(values)))

    return replace(
        run,
        devices=mixed(run.devices),
        results=mixed(run.results),
        checks=mixed(run.checks),
        observations=mixed(run.observations),
        attempts=mixed(run.attempts),
        costs=dict(mixed(tuple(run.costs.items()))),
    )


@pytest.mark.parametrize("shape", ["example", "full", "many", "list", "mandate"])
@pytest.mark.parametrize("seed", range(3))
def test_the_order_in_a_run_does_not_matter(shape: str, seed: int) -> None:
    run = SHAPES[shape]
    assert document(shuffled(run, seed), material()) == document(run, material())


def test_a_link_to_nowhere_is_plain_words() -> None:
    told = document(discovered())
    assert not has(told, "glossary")
    assert [s for s in spans(told) if s.text == "Terms and definitions"] == []
    linked = document(SHAPES["example"])
    assert [s.href for s in spans(linked) if s.text == "Terms and definitions"] == ["#glossary"]


def test_a_list_of_devices_has_only_what_belongs_to_one() -> None:
    told = document(discovered(), replace(material(), brand=replace(material().brand, legal=())))
    assert {s.id for s in told.sections} <= {"control", "scope", "method", "inventory", "keys", "gaps", "versions"}
    assert {"control", "scope", "method", "inventory", "versions"} <= {s.id for s in told.sections}
    assert told.title == "IoT device inventory of 192.0.2.0/26"
    words = " ".join(lines(told))
    assert "nothing was judged" in words
    assert "Judged by profile" not in words
    assert "no weakness" not in words.lower()
    assert "Grade" not in words


def test_the_sections_stand_in_their_order() -> None:
    wanted = [
        *("control", "summary", "scope", "method", "glance", "inventory", "findings", "gaps", "accepted", "remarks"),
        *("evidence", "versions", "glossary"),
    ]
    run = SHAPES["full"]
    found = [r for r in run.results if r.is_finding and r.subject.device == "dev-cam"]
    seen = replace(run, results=(replace(found[0], observations=(run.observations[0].id,)), *run.results))
    order = [s.id for s in document(seen, material()).sections]
    assert [name for name in order if name in wanted] == [name for name in wanted if name in order]
    assert {"control", "summary", "scope", "method", "glance", "inventory", "remarks", *wanted[-3:]} <= set(order)


def test_nothing_of_a_section_is_empty() -> None:
    for name, run in SHAPES.items():
        for section in (p for p in pieces(document(run, material())) if isinstance(p, Section)):
            assert section.blocks or section.sections, f"{section.id} of {name}"
            assert any(c in ascii_letters for c in section.title)
