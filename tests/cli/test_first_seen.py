"""``--first-seen``: an earlier scan whose certificates a person takes for the right ones."""

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from iotscan.model.answer import Answer
from iotscan.model.facts import Certificate, CertificateChain, PortSweep
from iotscan.model.observation import observe
from iotscan.model.run import Run
from iotscan.store.runs import write_run
from tests.assess.comparisons import run_of
from tests.assess.making import at, device
from tests.program import run_iotscan

MAC = "00:11:22:33:44:55"
ONLY = ("--check", "certificate-trust", "-f", "json", "--profile", "default")


def scanned(folder: Path, name: str, key: str) -> Path:
    """A stored scan of one device that shows a certificate of its own making."""
    leaf = Certificate(
        subject="CN=gw",
        issuer="CN=gw",
        serial="1",
        not_before=datetime(2026, 1, 1, tzinfo=UTC),
        not_after=datetime(2036, 1, 1, tzinfo=UTC),
        key_type="ec",
        key_bits=256,
        signature_hash="sha256",
        sha256=key * 64,
        spki_sha256=key * 64,
        is_self_issued=True,
    )
    chain = CertificateChain(
        certificates=(leaf,), trusted=Answer.of(False), ocsp_stapled=Answer.of(False), engine="sslyze"
    )
    seen = (
        observe(chain, at("tcp/443"), probe="certificate/3", at="2026-05-01T10:00:00+00:00"),
        observe(PortSweep(open=(443,), closed=(1,)), at(), probe="sweep/1"),
    )
    run = run_of(devices=[device(mac=MAC)], seen=seen, id=name)
    place = folder / name
    place.mkdir()
    write_run(place, run)
    return place


def judged(home: Path, run: Path, *words: str | Path) -> dict[str, str]:
    ended = run_iotscan("assess", run, *ONLY, *words, home=home)
    assert ended.returncode == 0, ended.stderr
    (result,) = (r for r in json.loads(ended.stdout)["results"] if r["check"] == "certificate-trust")
    return {name: result.get(name, "") for name in ("outcome", "variant", "summary")}


def test_the_key_of_an_earlier_scan_is_trusted_and_another_is_told(tmp_path: Path) -> None:
    first, same, other = (scanned(tmp_path, n, k) for n, k in (("run-1", "a"), ("run-2", "a"), ("run-3", "b")))
    assert judged(tmp_path, same)["variant"] == "self-signed"
    trusted = judged(tmp_path, same, "--first-seen", first)
    assert trusted["outcome"] == "pass"
    assert trusted["summary"].startswith("first seen: the key that run-1 saw on 2026-05-01")
    changed = judged(tmp_path, other, "--first-seen", first)
    assert (changed["outcome"], changed["variant"]) == ("fail", "changed")


def test_what_was_remembered_stays_in_the_run(tmp_path: Path) -> None:
    """Judged again without the earlier scan, a run says the same."""
    first, same = scanned(tmp_path, "run-1", "a"), scanned(tmp_path, "run-2", "a")
    kept = tmp_path / "kept.json"
    words = ("--check", "certificate-trust", "-f", f"json:{kept}", "--first-seen", first)
    ended = run_iotscan("assess", same, *words, home=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert len(msgspec.json.decode(kept.read_bytes(), type=Run).earlier) == 1
    assert judged(tmp_path, kept)["outcome"] == "pass"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("scan", "--first-seen is run run-1 itself"),
        ("image", "it has to be a scan"),
    ],
)
def test_only_an_earlier_scan_will_do(tmp_path: Path, command: str, said: str) -> None:
    run = scanned(tmp_path, "run-1", "a")
    named = run
    if command == "image":
        stored = msgspec.json.decode((run / "run.json").read_bytes(), type=Run)
        named = tmp_path / "image"
        named.mkdir()
        write_run(named, msgspec.structs.replace(stored, command="image", id="image"))
    ended = run_iotscan("assess", run, "--first-seen", named, home=tmp_path)
    assert ended.returncode == 2
    assert said in ended.stderr
