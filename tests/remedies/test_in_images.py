"""The same changes in an image: what it fails passes once they are made, and a report proposes them."""

from pathlib import Path

import pytest

from iotscan.assess.proposing import propose
from iotscan.data.remedies import load_programs
from iotscan.model.run import Run
from iotscan.model.vocabulary import Outcome
from iotscan.store.runs import decode_run
from tests.cli.conftest import Cli, cli
from tests.observe.image.started_roots import debian
from tests.remedies.amending import amend
from tests.remedies.images import IMAGES, PROGRAMS, UNITS, WeakImage

__all__ = ["cli"]
RECORDS = {r.id: r for p in load_programs() for r in p.remedies}


@pytest.mark.parametrize("image", IMAGES, ids=lambda i: i.name.replace(" ", "-"))
def test_what_is_printed_repairs_what_an_image_shows(cli: Cli, image: WeakImage, tmp_path: Path) -> None:
    root = tmp_path / "root"
    units = {
        f"usr/lib/systemd/system/{name}.service": f"[Service]\nExecStart={run}\n[Install]\nWantedBy=multi-user.target\n"
        for name, run in UNITS.items()
    }
    debian(root, {**PROGRAMS, **units, **image.files}, wants=tuple(f"{name}.service" for name in UNITS))
    before = _look(cli, root)
    found = {(r.check, r.variant): r for r in before.results if r.is_finding}
    proposed = propose(before, load_programs())
    for record, shows in image.shows.items():
        for shown in shows:
            assert shown in found
            assert record in [r.id for r in proposed[found[shown].fingerprint]]
        amend(root, RECORDS[record], image.fill)
    after = _look(cli, root)
    for check, outcome in image.ends.items():
        said = [r.outcome for r in after.results if r.check == check]
        assert outcome in said, [(r.summary, r.detail) for r in after.results if r.check == check]
        assert set(said) <= {outcome, Outcome.NOT_APPLICABLE}


def _look(cli: Cli, root: Path) -> Run:
    ended = cli("image", root, "-f", "json", "-q")
    assert ended.code in (0, 1, 3), ended
    return decode_run(ended.out.encode(), "standard output")
