"""Found is what is true, and what is true is found: each image of the lab against its truth file."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from iotscan.assess.terms import Terms
from iotscan.cli.selection import choose_checks
from iotscan.model.run import Run
from iotscan.model.vocabulary import Outcome
from iotscan.scan.images import assess_images
from tests.image_lab.build import Workshop, builders

HERE = Path(__file__).parent
NAMES = sorted(builders())
Runs = Callable[[str], Run]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Builds and assesses an image once, when it is first asked for."""
    made: dict[str, Run] = {}
    folder = tmp_path_factory.mktemp("lab")

    def run(name: str) -> Run:
        if name not in made:
            made[name] = _assessed(name, folder)
        return made[name]

    return run


def _assessed(name: str, folder: Path) -> Run:
    image = builders()[name](Workshop(folder / name))
    profile, checks = choose_checks("gateway-image", None, None, None)
    return assess_images([image], checks, profile, terms=Terms(), output=folder / "out", name=name)


@pytest.mark.parametrize("name", NAMES)
def test_all_of_it_was_opened(name: str, runs: Runs) -> None:
    (image,) = runs(name).images
    held = [f"{part.path or '-'} {part.format or '-'} {part.role}" for part in image.parts]
    assert held == truth(name)["holds"]
    assert [part.problem for part in image.parts if part.problem] == []


@pytest.mark.parametrize("name", NAMES)
def test_what_is_found_is_true_and_what_is_true_is_found(name: str, runs: Runs) -> None:
    assert finds(runs(name)) == truth(name)["finds"]


@pytest.mark.parametrize("name", NAMES)
def test_every_other_question_ends_as_it_should(name: str, runs: Runs) -> None:
    assert dict(sorted(ends(runs(name)))) == truth(name)["ends"]


def finds(run: Run) -> dict[str, list[str]]:
    """Check -> variant and place of each finding."""
    found: dict[str, list[str]] = defaultdict(list)
    for result in run.results:
        if result.is_finding:
            found[result.check].append(f"{result.variant} {result.subject.path}:{result.subject.line}".strip())
    return {check: sorted(places) for check, places in sorted(found.items())}


def ends(run: Run) -> Iterator[tuple[str, str]]:
    """Checks without a finding, with the weightiest outcome that each has."""
    outcomes: dict[str, Outcome] = {}
    for result in run.results:
        known = outcomes.get(result.check, Outcome.NOT_APPLICABLE)
        outcomes[result.check] = max(known, result.outcome, key=lambda outcome: outcome.weight)
    return ((check, outcome.value) for check, outcome in outcomes.items() if outcome is not Outcome.FAIL)


def truth(name: str) -> dict[str, Any]:
    """What is true of an image: ``holds``, ``finds`` (check -> variant and place), ``ends`` (check -> outcome)."""
    return yaml.safe_load((HERE / "truth" / f"{name}.yaml").read_text("utf-8"))
