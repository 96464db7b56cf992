"""``iotscan waivers``, the waiver file as the other commands use it, and the guide's example."""

import re
import shlex
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from iotscan.cli.waiver_words import read_target
from iotscan.model.errors import BadInput
from iotscan.model.run import Run
from iotscan.model.vocabulary import Outcome, Vantage
from iotscan.shipped import PACKAGE
from iotscan.store.runs import read_run, write_run
from tests.cli.conftest import Cli
from tests.report.example import example_run

NAME = "iotscan.waivers.yaml"
GUIDE = PACKAGE.parent / "docs" / "guide" / "waivers.md"


def today() -> date:
    """Of now, not of the import: a run of all tests may see midnight."""
    return datetime.now(UTC).date()


KEY = """-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIH0LNXVdZZj0Z7F6XZZVwN3Dl5Wn8pD7cP4hE2z1a1S2
-----END PRIVATE KEY-----
"""
WHO = ("--owner", "jane", "--reason", "pinned: in the app")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An image with a private key, and nothing else around."""
    root = tmp_path / "rootfs"
    for folder in ("etc/ssh", "bin", "lib"):
        (root / folder).mkdir(parents=True)
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (root / "etc/shadow").write_text("root:*:20000:0:99999:7:::\n")
    (root / "etc/ssh/host_key").write_text(KEY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def image(cli: Cli, *words: str):
    return cli("image", "rootfs", "--check", "private-keys", "--fail-on", "high", *words)


def latest() -> Run:
    return read_run("latest", Path("iotscan-out"))


def test_from_a_finding_to_a_gate_that_holds_and_back(cli: Cli, project: Path) -> None:
    assert image(cli).code == 1
    (finding,) = (r for r in latest().results if r.is_finding)
    added = cli("waivers", "add", "--finding", finding.fingerprint[:8], *WHO, "--expires", "90d", "--ticket", "SEC-1")
    assert (added.code, added.err) == (0, "")
    assert added.out.startswith(f"W-{today().year}-001 in {NAME}: private-keys on image rootfs, path")

    held = image(cli)
    assert held.code == 0, held.out
    assert f"waivers from ./{NAME}" in held.err
    (result,) = (r for r in latest().results if r.is_finding)
    assert result.waiver == f"W-{today().year}-001"
    assert latest().grades.images[result.subject.image].best == "F", "a waiver changes no grade"

    assert image(cli, "--no-waivers").code == 1
    end = today() + timedelta(days=90)
    assert cli("gate", "latest", "--as-of", end.isoformat(), "--check", "private-keys").code == 0
    after = cli("gate", "latest", "--as-of", (end + timedelta(days=1)).isoformat(), "--check", "private-keys")
    assert after.code == 1
    assert "expired 1 day ago (owner jane)" in after.out
    elsewhere = project / "other.yaml"
    (project / NAME).rename(elsewhere)
    assert image(cli).code == 1
    assert image(cli, "--waivers", "other.yaml").code == 0


def test_a_broken_file_is_never_ignored(cli: Cli, project: Path) -> None:
    (project / NAME).write_text("schema: iotscan/waivers@1\nwaiver: []\n")
    for ended in (image(cli), cli("waivers", "list"), cli("waivers", "check"), cli("waivers", "prune")):
        assert ended.code == 2
        assert f"{NAME}:2: unknown key 'waiver': did you mean 'waivers'?" in ended.err
    assert not list(project.glob("iotscan-out/*")), "nothing was done"
    assert image(cli, "--no-waivers").code == 1
    both = image(cli, "--no-waivers", "--waivers", NAME)
    assert both.code == 2
    assert "contradict" in both.err
    absent = image(cli, "--waivers", "nowhere.yaml")
    assert (absent.code, "nowhere.yaml" in absent.err) == (2, True)


def test_adding_keeps_every_other_byte(cli: Cli, project: Path) -> None:
    first = ("waivers", "add", "tls-versions", "--target", "asset=cam-1,service=tcp/443", *WHO, "--expires", "30d")
    assert cli(*first).code == 0
    path = project / NAME
    path.write_text(path.read_text() + "# the end\n")
    path.chmod(0o664)
    before = path.read_text()
    end = (today() + timedelta(days=60)).isoformat()
    second = cli("waivers", "add", "KEY-001", "--target", "path:/etc/ssh/*", *WHO, "--expires", end)
    assert second.code == 0, second.err
    after = path.read_text()
    head, tail = before.removesuffix("# the end\n"), "# the end\n"
    assert after.startswith(head)
    assert after.endswith(tail)
    assert "check: private-keys\n" in after
    assert f"id: W-{today().year}-002" in after
    assert path.stat().st_mode & 0o777 == 0o664
    assert list(project.glob(".*")) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("tls-version", "--target", "asset=x"), "did you mean 'tls-versions'?"),
        (("tls-*", "--target", "asset=x"), "is a pattern"),
        (("tls-versions",), "the target is empty"),
        (("tls-versions", "--target", "port=tcp/1"), "--target port is unknown"),
        (("tls-versions", "--target", "asset"), "is no target"),
        (("tls-versions", "--target", "asset=192.0.2.1"), "within: CIDR"),
        (("tls-versions", "--target", "asset=x", "--expires", "366d"), "more than a year ahead"),
        (("tls-versions", "--target", "asset=x", "--expires", "soon"), "is no date"),
        (("tls-versions", "--target", "asset=x", "--expires", "-1d"), "is no number of days"),
        (("tls-versions", "--target", "asset=x", "--owner", " "), "'owner' is empty"),
        (("tls-versions", "--target", "asset=x", "--decision", "risk_acepted"), "did you mean 'risk_accepted'?"),
        (("tls-versions", "--target", "asset=x", "--max-severity", "hi"), "did you mean 'high'?"),
        (("tls-versions", "--finding", "abcdef12"), "say what to waive"),
        ((), "say what to waive"),
        (("--finding", "abcdef12"), "there is no run 'latest'"),
    ],
)
def test_what_check_would_refuse_is_not_added(cli: Cli, project: Path, words: tuple[str, ...], said: str) -> None:
    given = [*WHO, "--expires", "30d"] if "--expires" not in words else [*WHO]
    ended = cli("waivers", "add", *given, *words)
    assert ended.code == 2
    assert said in ended.err
    assert ended.err.count("\n") == 1
    assert not (project / NAME).exists()


def test_a_finding_is_meant_without_doubt(cli: Cli, project: Path) -> None:
    folder = project / "run"
    folder.mkdir()
    write_run(folder, example_run())
    give = ("waivers", "add", *WHO, "--expires", "30d", "--run", "run", "--finding")
    assert "too short" in cli(*give, "ab").err
    assert "has no finding" in cli(*give, "0000000000000000").err
    finding = next(r for r in example_run().results if r.is_finding and r.check == "tls-versions")
    held = cli(*give, finding.fingerprint)
    assert held.code == 0, held.err
    assert finding.fingerprint in (project / NAME).read_text()


def test_list_check_and_prune(cli: Cli, project: Path) -> None:
    image(cli)
    for check, days in (("private-keys", "20d"), ("password-hashes", "300d")):
        assert cli("waivers", "add", check, "--target", "image=rootfs", *WHO, "--expires", days).code == 0
    listed = cli("waivers", "list", "--run", "latest")
    assert [re.split(r"  +", line)[1] for line in listed.out.splitlines()] == ["applied", "not_asked"]
    assert "expires in 20 days" in listed.out
    assert "in force" in cli("waivers", "list").out

    assert cli("waivers", "check").code == 0
    soon = cli("waivers", "check", "--expiring", "30d")
    assert (soon.code, soon.out) == (1, f"{NAME}: waiver W-{today().year}-001 expires in 20 days (owner jane)\n")
    later = (today() + timedelta(days=21)).isoformat()
    assert cli("waivers", "check", "--as-of", later).code == 1

    cli("image", "rootfs")
    unused = cli("waivers", "check", "--run", "latest")
    assert unused.code == 1
    assert f"waiver W-{today().year}-002 is unused" in unused.out

    before = (project / NAME).read_bytes()
    trial = cli("waivers", "prune", "--run", "latest", "--as-of", later, "--dry-run")
    assert trial.out.count("would remove") == 2
    assert (project / NAME).read_bytes() == before
    gone = cli("waivers", "prune", "--as-of", later)
    assert gone.out.startswith(f"removed W-{today().year}-001: private-keys on image rootfs")
    left = (project / NAME).read_text()
    assert f"W-{today().year}-001" not in left
    assert f"W-{today().year}-002" in left
    assert cli("waivers", "prune").out == "nothing to remove\n"
    assert cli("waivers", "prune", "--run", "latest").out.startswith(f"removed W-{today().year}-002")
    assert cli("waivers", "check").out == "0 entries, nothing to mend\n"


def test_targets_in_words() -> None:
    assert read_target(["asset=a, b,service:tcp/1", "ip=::1"]) == {"asset": "a, b", "service": "tcp/1", "ip": "::1"}
    with pytest.raises(BadInput, match="given twice"):
        read_target(["asset=a", "asset=b"])


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


@pytest.mark.skipif(not GUIDE.exists(), reason="a wheel has no guide")
def test_the_example_waives_and_attests(cli: Cli, project: Path) -> None:
    (project / NAME).write_text(block("yaml"))
    policy = "schema: iotscan/profile@1\nid: all\nversion: '1'\ntitle: All of it\n"
    policy += "select:\n  include: [private-keys, key-custody]\n"
    (project / "all.yaml").write_text(policy)
    day = ("--as-of", "2026-12-01")
    cli("image", "rootfs", "--profile", "./all.yaml", "--no-waivers")
    ended = cli("assess", "latest", "--profile", "./all.yaml", "--fail-on", "high", *day, "-f", "json:judged.json")
    assert ended.code == 0, ended
    run = read_run("judged.json", project)
    by_check = {r.check: r for r in run.results}
    assert by_check["private-keys"].waiver == "W-2026-001"
    stated = by_check["key-custody"]
    assert (stated.outcome, stated.vantage) == (Outcome.PASS, Vantage.ATTESTED)
    assert [(u.id, u.state) for u in run.waivers] == [("W-2026-001", "applied"), ("W-2026-002", "not_asked")]
    assert run.attestations[0].state == "applied"
    assert "WAIVED W-2026-001 until 2027-02-20 (jane.doe@example.com)" in ended.out
    assert "attestation: applied  A-2026-001  key-custody" in ended.out
    late = cli("gate", "latest", "--profile", "./all.yaml", "--as-of", "2027-02-21")
    assert late.code == 1
    assert "waiver W-2026-001 expired 1 day ago (owner jane.doe@example.com)" in late.out


@pytest.mark.skipif(not GUIDE.exists(), reason="a wheel has no guide")
def test_the_commands_are_commands(cli: Cli, project: Path) -> None:
    codes = []
    for line in block("sh").splitlines():
        if "FINGERPRINT" in line:
            run = read_run("latest", Path("iotscan-out"))
            line = line.replace("FINGERPRINT", next(r.fingerprint for r in run.results if r.is_finding))
        ended = cli(*shlex.split(line)[1:])
        assert "Traceback" not in ended.err
        codes.append(ended.code)
    # The first finds a key.
    assert codes == [1, 0, 0, 0, 0, 0, 0]
    assert (project / NAME).read_text().count(f"  - id: W-{datetime.now(UTC).year}-") == 2


def test_a_waiver_ends_today_however_old_the_run_is(cli: Cli, project: Path) -> None:
    """A stored run that is gated every night would stay green for ever."""
    assert image(cli).code == 1
    run = latest()
    then = today() - timedelta(days=100)
    write_run(project, msgspec.structs.replace(run, as_of=f"{then}T12:00:00+00:00"))
    waiver = "id: W-1, check: private-keys, target: {image: rootfs}, decision: risk_accepted, reason: r, owner: jane"
    ends = f"created: {then}, expires: {then + timedelta(days=10)}"
    (project / NAME).write_text(f"schema: iotscan/waivers@1\nwaivers:\n  - {{{waiver}, {ends}}}\n")
    ended = cli("gate", "run.json", "--check", "private-keys")
    assert ended.code == 1, ended.out
    assert "W-1 expired 90 days ago (owner jane)" in ended.out
    assert cli("gate", "run.json", "--check", "private-keys", "--as-of", then).code == 0, "a date that is named counts"
