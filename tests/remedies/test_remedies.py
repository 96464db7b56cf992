"""Every change that we print, applied to a real daemon: what failed before passes after, and the daemon still serves.

The change is applied as its record says and by nothing else; the questions are those of every scan.
"""

import os
import shutil
from collections import defaultdict
from pathlib import Path

import msgspec
import pytest

from iotscan.data.remedies import load_programs
from iotscan.model.remedy import Remedy
from iotscan.model.result import Result
from iotscan.model.vocabulary import Outcome
from tests.remedies.amending import amend
from tests.remedies.asking import Question, results
from tests.remedies.images import IMAGES
from tests.remedies.programs import WEAK
from tests.remedies.weakness import PATH, Stand, Weakness, stand
from tests.remedies.workshop import furnish

RECORDS = [r for p in load_programs() for r in p.remedies]


def lacking(weakness: Weakness) -> str:
    if os.geteuid() != 0:
        return "needs root: daemons give up its rights"
    needs = weakness.daemon.needs
    return "; ".join(f"needs {x}: apt install {how}" for x, how in needs.items() if shutil.which(x, path=PATH) is None)


def _records(weakness: Weakness) -> list[Remedy]:
    return [r for r in RECORDS if r.id == weakness.remedy]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Keys and certificates, made once."""
    if os.geteuid() == 0:
        # OpenSSH wants it for the user that it becomes.
        Path("/run/sshd").mkdir(exist_ok=True)
    return furnish(tmp_path_factory.mktemp("workshop"))


@pytest.fixture(params=WEAK, ids=lambda w: w.name.replace(" ", "-"))
def weak(request: pytest.FixtureRequest, names: dict[str, str], tmp_path: Path) -> Stand:
    """A daemon with a weak configuration, not running."""
    weakness: Weakness = request.param
    if reason := lacking(weakness):
        pytest.skip(reason)
    return stand(weakness, tmp_path, names)


def test_what_is_printed_repairs_what_is_found(weak: Stand) -> None:
    weakness = weak.weakness
    records = _records(weakness)
    assert records, f"there is no record {weakness.remedy}"
    with weak.run(weakness.before):
        before = _said(weak, weakness.before)
    assert set(weakness.shows) <= {(r.check, r.variant) for r in before if r.is_finding}, _told(before)
    assert all(any(r.repairs(check, variant) for r in records) for check, variant in weakness.shows)
    fill = {word: weak.text(here) for word, here in weakness.fill.items()}
    amend(weak.root, _met(weak, records[0]), fill)
    weak.bring_into_force(records[0].apply, fill)
    with weak.run(weakness.then):
        after = _said(weak, weakness.then)
        weak.shell(weakness.client or weakness.daemon.client)
    for check in {check for check, _ in weakness.shows}:
        outcomes = [r.outcome for r in after if r.check == check]
        assert weakness.ends in outcomes, _told(after)
        assert set(outcomes) <= {Outcome.PASS, Outcome.NOT_APPLICABLE}, _told(after)


def test_no_record_is_without_proof() -> None:
    proved = defaultdict(set)
    for weakness in WEAK:
        proved[weakness.remedy] |= set(weakness.shows)
    for image in IMAGES:
        for remedy, shows in image.shows.items():
            proved[remedy] |= set(shows)
    said = {r.id: {(x.check, v) for x in RECORDS if x.id == r.id for v in x.variants} for r in RECORDS}
    assert said == proved


def _said(weak: Stand, which: tuple[str, ...]) -> tuple[Result, ...]:
    weakness = weak.weakness
    checks = frozenset((*(check for check, _ in weakness.shows), *weakness.beside))
    stores = (("lab", weak.names["store"]),)
    asked = Question(checks=checks, services=weak.services(which), stores=stores, grants=weakness.grants)
    return results(asked)


def _met(weak: Stand, remedy: Remedy) -> Remedy:
    """The record with what belongs to the whole machine, ports above all, as it is here."""
    said = msgspec.structs.asdict(remedy)
    for word, here in weak.weakness.meets.items():
        assert word in f"{remedy.text}{remedy.after}{remedy.remove}".replace("\\\\", "\\"), (
            f"{word!r} is not in the record"
        )
        for part in ("text", "after"):
            said[part] = said[part].replace(word, weak.text(here))
        said["remove"] = tuple(pattern.replace(word, weak.text(here)) for pattern in said["remove"])
    return Remedy(**said)


def _told(said: tuple[Result, ...]) -> str:
    return "\n".join(f"{r.outcome} {r.check} {r.variant} {r.subject.service} {r.summary} {r.detail}" for r in said)
