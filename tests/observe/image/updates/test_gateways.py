"""Two whole A/B gateways, right and subtly wrong: what is found is true, and what is true is found."""

from collections.abc import Callable

import pytest

from iotscan.model.result import Result
from iotscan.model.vocabulary import Outcome
from iotscan.observe.image.inspectors.updates import INSPECTOR
from iotscan.observe.image.opening import open_image
from tests.checks.samples import Expected, Sample, Seen, judge, read_check
from tests.image_lab.build import Workshop
from tests.observe.image.updates.gateways import BUILDERS

ASKED = (
    "automatic-fallback",
    "automatic-updates",
    "boot-environment-copies",
    "downgrade-protection",
    "home-made-update",
    "update-compatibility",
    "update-health-check",
    "update-mechanism",
    "update-slots",
    "updater-verification",
)
WRONG = {
    "rauc": {
        "automatic-fallback not-counted /etc/u-boot-initial-env:0",
        "automatic-fallback no-alternative /etc/u-boot-initial-env:0",
        "boot-environment-copies single /etc/fw_env.config:1",
        "updater-verification key-missing /etc/rauc/system.conf:7",
        "updater-verification plain-bundles /etc/rauc/system.conf:1",
        "downgrade-protection older-accepted /etc/rauc/system.conf:1",
        "update-health-check unconditional /usr/lib/systemd/system/rauc-mark-good.service:10",
    },
    "mender": {
        "updater-verification unverified /etc/mender/mender.conf:0",
        "automatic-updates rare /etc/mender/mender.conf:5",
        "automatic-fallback not-counted /boot/efi/EFI/BOOT/grub.cfg:0",
        "boot-environment-copies single /boot/efi/EFI/BOOT/grub.cfg:0",
        "downgrade-protection older-accepted /etc/mender/mender.conf:0",
    },
}
RIGHT = {"rauc": set[str](), "mender": {"downgrade-protection older-accepted /etc/mender/mender.conf:0"}}
"""Mender has no setting that refuses what is older: that is as true of the right edition."""
OPEN = {("mender", right): {"update-health-check"} for right in (True, False)}
"""What decides is in each artefact."""
Assess = Callable[[str, bool], tuple[Result, ...]]


@pytest.fixture(scope="module")
def assessed(tmp_path_factory: pytest.TempPathFactory) -> Assess:
    """Builds and assesses a gateway once, when it is first asked for."""
    made: dict[tuple[str, bool], tuple[Result, ...]] = {}
    folder = tmp_path_factory.mktemp("gateways")

    def results(name: str, right: bool) -> tuple[Result, ...]:
        if (name, right) not in made:
            image = BUILDERS[name](Workshop(folder / f"{name}-{right}"), right=right)
            assert INSPECTOR.survey is not None
            (fact,) = INSPECTOR.survey(open_image(image)).facts
            sample = Sample(seen=(Seen(on="image:gateway", fact=fact),), expect=Expected(outcome=Outcome.PASS))
            made[name, right] = tuple(r for check in ASKED for r in judge(read_check(check), sample))
        return made[name, right]

    return results


@pytest.mark.parametrize("right", [True, False])
@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_found_is_true_and_true_is_found(name: str, right: bool, assessed: Assess) -> None:
    results = assessed(name, right)
    found = {f"{r.check} {r.variant} {r.subject.path}:{r.subject.line}" for r in results if r.outcome is Outcome.FAIL}
    assert found == (RIGHT if right else WRONG)[name]


@pytest.mark.parametrize("right", [True, False])
@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_nothing_is_left_open_but_what_only_an_artefact_says(name: str, right: bool, assessed: Assess) -> None:
    open_ = {r.check for r in assessed(name, right) if r.outcome in (Outcome.NOT_ASSESSED, Outcome.ERROR)}
    assert open_ == OPEN.get((name, right), set())
