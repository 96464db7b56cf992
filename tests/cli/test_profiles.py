"""``iotscan profiles``: listed, shown, validated, compared, and made from a golden device, from end to end."""

from pathlib import Path

import msgspec
import pytest

from iotscan.store.runs import write_run
from tests.assess.making import at, seen
from tests.assess.profile.making import HEAD, family, write
from tests.assess.test_golden import GOLDEN, chain, ports, run
from tests.cli.conftest import Cli


def test_a_list_with_versions_and_what_they_brought(cli: Cli):
    plain, full = cli("profiles", "list"), cli("profiles", "list", "-v")
    assert (plain.code, plain.err) == (0, "")
    assert len(plain.out.splitlines()) == 9
    assert "  1: First edition." in full.out


def test_show_says_which_file_says_what(cli: Cli, tmp_path: Path):
    path = family(
        tmp_path,
        {
            "old": "extends: [default]\nseverities: {telnet-service: info}\nvalues: {CRT-002: {max_days: 90}}",
            "young": "extends: [./old.yaml]\nrequired: [telnet-service]",
        },
    )
    shown = cli("profiles", "show", path)
    assert (shown.code, shown.err) == (0, "")
    lines = {line.partition("  ")[0]: line for line in shown.out.splitlines()}
    assert lines["requires telnet-service"].endswith(f"{path}:6")
    assert "severity telnet-service cleartext: info (listed, counts in no grade) (was high)" in shown.out
    assert f"{tmp_path / 'old.yaml'}:6" in shown.out
    assert "sets certificate-lifetime max_days: 90 (was 398 days)" in shown.out


def test_show_never_prints_what_a_terminal_obeys(cli: Cli, tmp_path: Path):
    path = write(tmp_path, "", HEAD.replace("title: X", 'title: "\\e[31mred"'))
    assert "\x1b" not in cli("profiles", "show", path).out


def test_validate_tells_every_mistake(cli: Cli, tmp_path: Path):
    wrong = write(tmp_path, "required: [tls-versons]")
    ended = cli("profiles", "validate", "default", wrong, "nope")
    assert ended.code == 2
    assert ended.out == "default: valid\n"
    first, second = ended.err.splitlines()
    assert first == f"iotscan: {wrong}:5: there is no check 'tls-versons': did you mean 'tls-versions'?"
    assert "there is no profile 'nope'" in second
    assert cli("profiles", "validate", "default", "quick").code == 0


def test_diff_exits_as_diff_does(cli: Cli):
    assert cli("profiles", "diff", "default", "default").out == ""
    assert cli("profiles", "diff", "default", "default").code == 0
    ended = cli("profiles", "diff", "default", "constrained")
    assert ended.code == 1
    assert "~ policy: gateway → constrained\n" in ended.out
    assert "+ sets certificate-key-size ec_bits: 256\n" in ended.out
    back = cli("profiles", "diff", "thorough", "default")
    assert "- selects key-custody\n" in back.out
    assert "- pace connections: 250\n" in back.out
    assert "- pace complete_suites: true\n" in back.out
    assert cli("profiles", "diff", "default", "nope").code == 2


def test_a_golden_device_passes_its_policy_and_one_more_port_does_not(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    golden, other = tmp_path / "golden", tmp_path / "other"
    for folder, judged in (
        (golden, GOLDEN),
        (other, run(*ports(443, 554, 8080), seen(chain(), at("tcp/443")))),
    ):
        folder.mkdir()
        write_run(folder, msgspec.structs.replace(judged))
    made = cli("profiles", "new", "--from", golden, "--id", "acme-cam")
    assert (made.code, made.err) == (0, "")
    assert GOLDEN.id in made.out.splitlines()[0]
    policy = tmp_path / "acme-cam.yaml"
    policy.write_text(made.out)
    assert cli("profiles", "validate", policy).code == 0
    assert cli("gate", golden, "--profile", policy).code == 0
    failed = cli("gate", other, "--profile", policy)
    assert failed.code == 1
    assert "allowed-ports" in failed.out
    assert cli("profiles", "new", "--from", tmp_path / "gone").code == 2
    assert cli("profiles", "new", "--from", golden, "--id", " ").code == 2


def test_a_policy_of_ssh_audit_becomes_a_valid_profile(cli: Cli, tmp_path: Path):
    policy = tmp_path / "hardened.txt"
    policy.write_text(
        'name = "Hardened: \\"1\\""\nversion = 1\nbanner = "SSH-2.0-X"\n'
        "ciphers = aes256-ctr\nhostkey_size_ssh-rsa = 3072\n"
    )
    made = cli("profiles", "import-ssh", str(policy), "--id", "acme-ssh")
    assert (made.code, made.err) == (0, "iotscan: not taken over: banner\n")
    profile = tmp_path / "acme-ssh.yaml"
    profile.write_text(made.out)
    assert cli("profiles", "validate", str(profile)).out == f"{profile}: valid\n"
    shown = cli("profiles", "show", str(profile)).out
    assert "sets ssh-policy ciphers: aes256-ctr (was none)" in shown
    assert "sets ssh-policy host_key_bits: ssh-rsa: 3072 (was none)" in shown


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"client policy = true\n", b"x" * 300_000])
def test_a_bad_policy_of_ssh_audit_is_one_line(cli: Cli, tmp_path: Path, content: bytes | None):
    file = tmp_path / "policy.txt"
    if content is not None:
        file.write_bytes(content)
    ended = cli("profiles", "import-ssh", str(file))
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"iotscan: {file}")
    assert len(ended.err.splitlines()) == 1
