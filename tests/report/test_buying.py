"""The page for a buyer: what was not looked at stands as plainly as a letter; every writer lays it out."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from iotscan.assess.lining_up import Entry, line_up
from iotscan.model.lineup import Lineup
from iotscan.report.buying import document, standing
from iotscan.report.document import Table, words_of
from iotscan.report.layout import text
from iotscan.report.registry import DOCUMENTS, laid_out
from iotscan.report.words import clean

from .example import example_run
from .hostile import TRICKS, is_harmless, spoiled
from .reading import markdown_tokens, read_document

RUN = example_run()
IDS = [device.id for device in RUN.devices]


def lineup(*owners: str) -> Lineup:
    return line_up([Entry(run=RUN, owner=owner) for owner in owners])


def test_the_page_says_what_each_is_and_that_nobody_can_tell() -> None:
    told = text.render(document(lineup(IDS[0], IDS[1]), "2026-11-27"))
    assert "is graded F, and no grade is worse" in " ".join(told.split())
    assert "at least as good" in " ".join(told.split())
    assert "better than all" not in told
    assert "not assessed" in told
    assert "How long the maker supports a device is seen in no scan" in told
    assert "DRAFT" not in told
    assert "FINAL" not in told


def test_a_run_that_did_not_end_is_said_first() -> None:
    cut = replace(RUN, status="interrupted")
    made = document(line_up([Entry(run=cut, owner=IDS[0]), Entry(run=RUN, owner=IDS[1])]), "2026-11-27")
    assert "INCOMPLETE RUN" in text.render(made).splitlines()[1]


def test_the_winner_is_named_with_its_worst() -> None:
    made = lineup(IDS[0], IDS[1], IDS[2])
    won = replace(made, winner=1, better=((1, 0), (1, 2)))
    assert standing(won, ["a", "b", "c"]).startswith("b is graded better than all others")
    some = replace(made, better=((2, 0),))
    assert "c is graded better than a" in standing(some, ["a", "b", "c"])
    assert "cannot be told apart" in standing(some, ["a", "b", "c"])


def test_devices_of_one_name_are_told_apart() -> None:
    made = lineup(IDS[0], IDS[1])
    one, two = (replace(c, label="Plug") for c in made.candidates)
    page = document(replace(made, candidates=(one, two)))
    assert page.title == f"Plug ({one.address}) and Plug ({two.address})"
    same = document(replace(made, candidates=(one, replace(one, run="later"))))
    assert "run later" in same.title


@pytest.mark.parametrize("format", sorted(DOCUMENTS))
def test_every_writer_lays_it_out(format: str) -> None:
    page = document(lineup(*IDS[:3]), "2026-11-27")
    assert len(laid_out(page, format)) > 1000
    if format == "md":
        read_document(laid_out(page, format).decode())
        assert "## Contents" not in laid_out(page, format).decode()


@pytest.mark.parametrize("trick", TRICKS)
def test_hostile_text_stays_text(trick: str) -> None:
    run = spoiled("x" + trick)
    page = document(line_up([Entry(run=run, owner=owner) for owner in IDS[:2]]), "2026-11-27")
    assert is_harmless(text.render(page))
    assert len({t.type for t in markdown_tokens(laid_out(page, "md").decode())} & {"html_inline", "image"}) == 0
    for section in page.sections:
        for block in section.blocks:
            if isinstance(block, Table):
                assert all(len(row) == len(block.columns) for row in block.rows)
                assert all(clean(words_of(c.spans)) for row in block.rows for c in row)


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_lines_fit_the_terminal(width: int) -> None:
    told = text.render(document(lineup(*IDS[:6])), width)
    measure: Callable[[str], int] = len
    assert max(measure(line) for line in told.splitlines()) <= width
