"""Keys that several devices have, that others know or can compute, that are kept: real daemons, and two scans.

Each accused device is one that was built so, and each that was not is not accused: one machine at two addresses, a
proxy for two names, a proxy that passes another's TLS on, a device whose key is its own.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from iotscan.model.result import Result
from iotscan.model.run import Run
from iotscan.model.vocabulary import Confidence, Outcome
from tests.lan import keyed
from tests.lan.certificates import make_ec_key
from tests.lan.conftest import give_up
from tests.lan.keyed import KeyedLan, spki_digest_of
from tests.lan.network import Lan, why_not

pytestmark = [pytest.mark.lan, pytest.mark.slow]

CHECKS = (
    "tls-key-uniqueness",
    "ssh-key-uniqueness",
    "tls-key-secrecy",
    "ssh-key-secrecy",
    "key-age",
    "ssh-key-age",
    "certificate-rekeying",
    "certificate-renewal",
)
ROOT = Path(__file__).parents[2]


class Scans(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen before the changes and after them."""

    first: Run
    second: Run
    shown: dict[str, str]
    """What the command of each network finding of the first run prints, by fingerprint."""


def iotscan(lan: KeyedLan, *words: str) -> Run:
    """The run of the command line, in the scanner's place."""
    done = lan.scanner.run(
        *("env", f"PYTHONPATH={ROOT}", f"HOME={lan.folder}", f"IOTSCAN_STATE_DIR={lan.folder}/state"),
        *(sys.executable, "-m", "iotscan", *words, "-f", "json", "--output-dir", str(lan.folder / "out")),
        own_files=True,
        timeout=240,
    )
    assert done.stdout, done.stderr
    return msgspec.json.decode(done.stdout.encode(), type=Run)


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scans]:
    if reason := why_not(keyed.TOOLS):
        give_up(reason, is_required=False)
    folder = tmp_path_factory.mktemp("fleet")
    with Lan(folder) as network:
        lan = KeyedLan(network)
        (folder / "ours.yaml").write_text(
            "schema: iotscan/keys@1\nrecords:\n  - id: acme-2019\n    product: Acme camera\n"
            f'    spki_sha256: ["{spki_digest_of(lan.keys[keyed.KNOWN])}"]\n    sources: ["our own firmware 1.2"]\n'
        )
        root = folder / "root"
        for inside in ("etc/ssl", "bin", "usr/lib"):
            (root / inside).mkdir(parents=True)
        (root / "etc/ssl/gw.key").write_bytes((folder / keyed.BAKED / "key.pem").read_bytes())
        iotscan(lan, "image", str(root), "--name", "gateway", "--check", "private-keys")
        words = ["scan", *lan.targets, "--ports", "22,443", "--yes", "--image", "latest"]
        words += ["--known-keys", str(folder / "ours.yaml"), "--check", "private-keys"]
        words += [word for check in CHECKS for word in ("--check", check)]
        first = iotscan(lan, *words)
        shown = {
            r.fingerprint: lan.scanner.run("bash", "-c", r.reproduce).stdout
            for r in first.results
            if r.outcome is Outcome.FAIL and r.reproduce
        }
        lan.replace(keyed.ROTATED, key=make_ec_key())
        lan.replace(keyed.RENEWED)
        yield Scans(first=first, second=iotscan(lan, *words), shown=shown)


def told(run: Run, check: str) -> dict[str, Result]:
    """The worst result of a check at each address."""
    found: dict[str, Result] = {}
    for result in run.results:
        if result.check == check:
            place = result.subject.address or result.subject.image
            if place not in found or result.outcome.weight > found[place].outcome.weight:
                found[place] = result
    return found


def accused(run: Run, check: str) -> dict[str, str]:
    """Address -> variant, of those that fail."""
    return {a: r.variant for a, r in told(run, check).items() if r.outcome is Outcome.FAIL}


def test_who_shares_a_key_is_found_and_nobody_else(scans: Scans) -> None:
    assert accused(scans.first, "tls-key-uniqueness") == dict.fromkeys((keyed.TLS_A, keyed.TLS_B), "shared")
    assert accused(scans.first, "ssh-key-uniqueness") == dict.fromkeys((keyed.SSH_A, keyed.SSH_B), "shared")


def test_what_a_proxy_passes_on_is_left_open_and_says_why(scans: Scans) -> None:
    results = told(scans.first, "tls-key-uniqueness")
    for address in (keyed.PASSING, keyed.GOOD):
        assert results[address].outcome is Outcome.NOT_ASSESSED
        assert f"names {keyed.GOOD} alone" in results[address].summary


def test_one_machine_at_two_addresses_is_one_device(scans: Scans) -> None:
    devices = [d for d in scans.first.devices if set(keyed.TWICE) & set(d.addresses)]
    assert [set(d.addresses) for d in devices] == [set(keyed.TWICE)]
    for check in ("tls-key-uniqueness", "ssh-key-uniqueness"):
        assert not set(keyed.TWICE) & set(accused(scans.first, check))


def test_who_has_a_key_that_others_have_is_found_and_nobody_else(scans: Scans) -> None:
    assert accused(scans.first, "tls-key-secrecy") == {
        keyed.PRIME_A: "shared-prime",
        keyed.CLOSE: "computable",
        keyed.ROCA: "computable",
        keyed.KNOWN: "published",
        keyed.BAKED: "in-image",
    }
    assert accused(scans.first, "ssh-key-secrecy") == {keyed.PRIME_B: "shared-prime"}
    said = told(scans.first, "tls-key-secrecy")
    assert keyed.PRIME_B in said[keyed.PRIME_A].summary
    assert "Fermat" in said[keyed.CLOSE].summary
    assert "ROCA" in said[keyed.ROCA].summary
    assert "Acme camera (ours.yaml)" in said[keyed.KNOWN].summary
    assert "/etc/ssl/gw.key" in said[keyed.BAKED].summary
    assert said[keyed.GOOD].outcome is Outcome.PASS


def test_the_image_names_the_service_that_has_its_key(scans: Scans) -> None:
    (finding,) = [r for r in scans.first.results if r.check == "private-keys" and r.outcome is Outcome.FAIL]
    assert finding.variant == "served"
    assert f"{keyed.BAKED} tcp/443" in finding.summary
    assert "/etc/ssl/gw.key" in finding.observed


def test_after_one_run_age_is_provisional(scans: Scans) -> None:
    kept = told(scans.first, "key-age")[keyed.KEPT]
    assert (kept.variant, kept.confidence) == ("over-three-years", Confidence.TENTATIVE)
    assert "provisional, after one run" in kept.summary
    for check in ("ssh-key-age", "certificate-rekeying"):
        assert {r.reason for r in told(scans.first, check).values() if r.reason} == {"needs_history"}, check


def test_after_two_runs_it_is_firm(scans: Scans) -> None:
    kept = told(scans.second, "key-age")[keyed.KEPT]
    assert (kept.variant, kept.confidence) == ("over-three-years", Confidence.FIRM)
    assert "over 2 runs" in kept.summary
    assert accused(scans.second, "key-age") == {keyed.KEPT: "over-three-years"}


def test_a_renewal_with_the_same_key_is_told_from_a_rotation(scans: Scans) -> None:
    assert accused(scans.second, "certificate-rekeying") == {keyed.RENEWED: "same-key"}
    results = told(scans.second, "certificate-rekeying")
    assert results[keyed.KEPT].outcome is Outcome.NOT_ASSESSED
    assert "no renewal was seen over 2 runs" in results[keyed.KEPT].summary
    rotated = results[keyed.ROTATED]
    assert (rotated.outcome, "it was changed since then" in rotated.summary) == (Outcome.PASS, True), rotated


def test_commands_show_what_they_claim(scans: Scans) -> None:
    assert len(scans.shown) >= 10
    for result in scans.first.results:
        if result.fingerprint in scans.shown:
            assert result.shows in scans.shown[result.fingerprint], result.reproduce
