"""CRLs and OCSP responses that are given with an image judge the certificates that its servers are configured with."""

from pathlib import Path

from iotscan.assess.profile import load_profile
from iotscan.assess.registry import load_checks
from iotscan.assess.terms import Terms
from iotscan.model.result import Result
from iotscan.model.vocabulary import Outcome, Reason
from iotscan.observe.given_file import GivenFile
from iotscan.scan.images import assess_images
from iotscan.scan.revocation_files import read_revocation_files
from tests.pki_lab.imaging import an_image
from tests.pki_lab.pki import Pki
from tests.pki_lab.scenes import Scene


def judged(folder: Path, pki: Pki, leaf: str, files: tuple[GivenFile, ...]) -> Result:
    tree = folder / "image"
    tree.mkdir(parents=True)
    an_image(tree, pki, {"one": Scene(leaf=leaf)}, {})
    checks = [c for c in load_checks().checks if c.info.id == "revocation-status"]
    run = assess_images([tree], checks, load_profile("default"), terms=Terms(), output=folder / "out", revocation=files)
    (result,) = (r for r in run.results if r.check == "revocation-status")
    return result


def test_a_list_that_is_given(pki: Pki, tmp_path: Path) -> None:
    files = read_revocation_files([str(pki.crl("issuing").pem)], [])
    revoked = judged(tmp_path / "a", pki, "revoked-by-crl", files)
    assert (revoked.outcome, revoked.variant) == (Outcome.FAIL, "revoked")
    assert judged(tmp_path / "b", pki, "good", files).outcome is Outcome.PASS


def test_without_one_nothing_is_fetched(pki: Pki, tmp_path: Path) -> None:
    result = judged(tmp_path, pki, "good", ())
    assert (result.outcome, result.reason) == (Outcome.NOT_ASSESSED, Reason.NOT_OBSERVABLE)
    assert "nothing is fetched for an image" in f"{result.summary} {result.detail}"
