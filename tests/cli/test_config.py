"""Where settings come from, which wins, and that none of them is ever authority."""

import json
import os
from pathlib import Path

import pytest

from iotscan.cli import config
from iotscan.data.config_file import AUTHORITY
from tests.cli.conftest import Cli

HEAD = "schema: iotscan/config@1\n"


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository with an image in it; neither the user's own settings nor variables."""
    for name in [n for n in os.environ if n.startswith("IOTSCAN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home/.config"))
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    (project / "deep/er").mkdir(parents=True)
    for folder in ("etc", "bin"):
        (project / "rootfs" / folder).mkdir(parents=True)
    # An account without a password: one finding, critical or high.
    (project / "rootfs/etc/passwd").write_text("root:x:0:0::/:/bin/sh\n")
    (project / "rootfs/etc/shadow").write_text("root::1:::::::\n")
    (tmp_path / "home/.config/iotscan").mkdir(parents=True)
    monkeypatch.chdir(project)


def origins(cli: Cli, *words: str) -> dict[str, dict[str, object]]:
    ended = cli(*words, "config", "show", "-f", "json")
    assert ended.code == 0, ended
    return {k: v for k, v in json.loads(ended.out).items() if v["origin"] != "default"}


def test_every_setting_stands_for_an_option() -> None:
    from typer.main import get_command

    from iotscan.cli.app import app

    commands = getattr(get_command(app), "commands", {})
    known = {p.name for c in commands.values() for p in c.params}
    assert set(config.OPTIONS.values()) <= known, "a setting that no command heeds would be a silent promise"


def test_the_file_sets_the_gate_and_says_so(cli: Cli) -> None:
    assert cli("image", "rootfs", "-q").code == 0
    Path("iotscan.yaml").write_text(HEAD + "fail_on: low\n")
    ended = cli("image", "rootfs", "-q")
    assert ended.code == 1
    assert "settings from ./iotscan.yaml: fail_on\n" in ended.err
    assert cli("image", "rootfs", "-qq").err == ""


def test_formats_are_for_commands_that_judge(cli: Cli) -> None:
    Path("iotscan.yaml").write_text(HEAD + "output: {formats: [json:kept.json]}\n")
    assert cli("image", "rootfs", "-qq").code == 0
    Path("kept.json").unlink()
    ended = cli("report", "latest")
    assert (ended.code, ended.err) == (0, "")
    assert "rootfs" in ended.out
    assert not Path("kept.json").exists()


def test_a_plan_is_made_with_the_settings_of_the_scan(cli: Cli, silent_network: list[str]) -> None:
    Path("iotscan.yaml").write_text(HEAD + "network: {max_hosts: 3}\n")
    for command in ("plan", "scan"):
        ended = cli(command, "10.0.0.0/29")
        assert ended.code == 2
        assert "--max-hosts" in ended.err
    assert silent_network == []


def test_a_flag_wins_and_is_not_said(cli: Cli) -> None:
    Path("iotscan.yaml").write_text(HEAD + "fail_on: low\n")
    ended = cli("image", "rootfs", "-q", "--fail-on", "none")
    assert ended.code == 0
    assert "settings from" not in ended.err


def test_the_order_of_origins(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home/.config/iotscan/config.yaml").write_text(HEAD + "width: 1\ncolor: never\nfail_on: low\n")
    Path("iotscan.yaml").write_text(HEAD + "width: 2\nfail_on: medium\nascii: true\n")
    (tmp_path / "named.yaml").write_text(HEAD + "width: 3\nfail_on: high\n")
    monkeypatch.setenv("IOTSCAN_WIDTH", "4")
    shown = origins(cli, "--config", str(tmp_path / "named.yaml"))
    assert {key: row["value"] for key, row in shown.items()} == {
        "width": 4,
        "fail_on": "high",
        "ascii": True,
        "color": "never",
    }
    assert [shown[k]["origin"] for k in ("width", "fail_on", "ascii", "color")] == [
        "IOTSCAN_WIDTH",
        str(tmp_path / "named.yaml"),
        "./iotscan.yaml",
        str(tmp_path / "home/.config/iotscan/config.yaml"),
    ]
    assert set(origins(cli, "--no-config")) == {"width"}
    paths = cli("--config", str(tmp_path / "named.yaml"), "config", "path").out.splitlines()
    assert [Path(p).name for p in paths] == ["named.yaml", "iotscan.yaml", "config.yaml"]


def test_the_variable_names_a_file(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "named.yaml").write_text(HEAD + "width: 3\n")
    monkeypatch.setenv("IOTSCAN_CONFIG", str(tmp_path / "named.yaml"))
    assert origins(cli)["width"]["value"] == 3
    monkeypatch.setenv("IOTSCAN_CONFIG", "nowhere.yaml")
    assert cli("image", "rootfs").code == 2


def test_waivers_lie_beside_the_file(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("iotscan.waivers.yaml").write_text("schema: iotscan/waivers@1\nwaivers: []\n")
    Path("iotscan.yaml").write_text(HEAD)
    monkeypatch.chdir("deep/er")
    here = Path.cwd().parents[1]
    assert origins(cli)["waivers"] == {
        "value": str(here / "iotscan.waivers.yaml"),
        "origin": str(here / "iotscan.waivers.yaml"),
    }
    (here / "iotscan.yaml").write_text(HEAD + "waivers: others.yaml\n")
    assert origins(cli)["waivers"]["value"] == str(here / "others.yaml")
    # A flag to the contrary wins over the file, which is not even looked at.
    assert cli("image", here / "rootfs", "-qq", "--no-waivers").code == 0


def test_waivers_are_kept_where_they_are_read(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("iotscan.yaml").write_text(HEAD + "waivers: security/accepted.yaml\n")
    Path("security").mkdir()
    here = Path.cwd()
    monkeypatch.chdir("deep")
    words = ("--owner", "jane", "--reason", "a reason", "--expires", "90d", "--target", "image=rootfs")
    ended = cli("waivers", "add", "password-hashes", *words)
    assert ended.code == 0, ended
    assert "settings from" in ended.err
    assert "password-hashes" in (here / "security/accepted.yaml").read_text()
    assert not Path("iotscan.waivers.yaml").exists()


@pytest.mark.parametrize("name", ["iotscan.yaml", ".iotscan.yaml", "pyproject.toml"])
def test_the_nearest_file_alone(cli: Cli, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    Path("iotscan.yaml").write_text(HEAD + "width: 50\nascii: true\n")
    Path("deep", name).write_text("[tool.iotscan]\nwidth = 60\n" if name.endswith("toml") else HEAD + "width: 60\n")
    monkeypatch.chdir("deep/er")
    assert {k: v["value"] for k, v in origins(cli).items()} == {"width": 60}


def test_a_pyproject_of_others_does_not_hide_ours(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("iotscan.yaml").write_text(HEAD + "width: 50\n")
    Path("pyproject.toml").write_text("[tool.ruff]\n")
    Path("deep/pyproject.toml").write_text("[project]\nname = 'iotscan-pack'\n")
    monkeypatch.chdir("deep/er")
    assert origins(cli)["width"]["value"] == 50


def test_the_root_of_the_repository_is_the_end(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "iotscan.yaml").write_text(HEAD + "width: 50\n")
    monkeypatch.chdir("deep")
    assert origins(cli) == {}
    (tmp_path / "project/.git").rmdir()
    assert origins(cli)["width"]["value"] == 50


def test_the_home_folder_is_the_end(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "iotscan.yaml").write_text(HEAD + "width: 50\n")
    (tmp_path / "home/work").mkdir()
    monkeypatch.chdir(tmp_path / "home/work")
    assert origins(cli) == {}


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({"iotscan.yaml": HEAD, ".iotscan.yaml": HEAD}, "remove one of them"),
        ({"iotscan.yaml": HEAD, "pyproject.toml": "[tool.iotscan]\n"}, "iotscan.yaml and pyproject.toml"),
        ({"iotscan.yaml": HEAD + "fail_onn: high\n"}, "iotscan.yaml:2: unknown key 'fail_onn': did you mean 'fail_on'"),
        ({"iotscan.yaml": HEAD + "output: {dir: ../../}\n"}, "lies outside"),
        ({"pyproject.toml": "[tool.iotscan]\nfail_on = hi\n"}, "pyproject.toml:2: is no TOML"),
    ],
)
def test_bad_files_are_usage(cli: Cli, silent_network: list[str], others: dict[str, str], said: str) -> None:
    for name, text in others.items():
        Path(name).write_text(text)
    for words in (("scan", "192.0.2.1"), ("image", "rootfs"), ("config", "show")):
        ended = cli(*words)
        assert (ended.code, ended.out) == (2, "")
        assert said in ended.err
        assert len(ended.err.splitlines()) == 1
    assert silent_network == []
    assert not Path("iotscan-out").exists()
    # Help is always to be had.
    assert cli("scan", "--help").code == 0


def test_what_is_no_file_does_not_hang(cli: Cli) -> None:
    os.mkfifo("iotscan.yaml")
    ended = cli("image", "rootfs")
    assert ended.code == 2
    assert "is no file of settings" in ended.err
    Path("iotscan.yaml").unlink()
    Path("iotscan.yaml").symlink_to("nowhere")
    assert cli("image", "rootfs").code == 2


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_another_user_above_us_does_not_set_our_gate(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "project/.git").rmdir()
    (tmp_path / "iotscan.yaml").write_text(HEAD + "fail_on: none\n")
    os.chown(tmp_path / "iotscan.yaml", 12345, 12345)
    ended = cli("image", "rootfs")
    assert ended.code == 2
    assert "belongs to another user" in ended.err
    assert cli("--no-config", "image", "rootfs", "-qq").code == 0


@pytest.mark.parametrize("word", sorted(AUTHORITY))
def test_authority_from_a_file_or_the_environment_is_refused(
    cli: Cli, silent_network: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(f"{HEAD}{word}: 1\n")
    by_name = cli("--config", str(bad), "scan", "127.99.0.1")
    monkeypatch.setenv(f"IOTSCAN_{word.upper()}", "hunter2")
    by_variable = cli("scan", "127.99.0.1", "--default-creds")
    monkeypatch.delenv(f"IOTSCAN_{word.upper()}")
    Path("iotscan.yaml").write_text(f"{HEAD}{word}: 1\n")
    found = cli("scan", "127.99.0.1")
    for ended in (by_name, by_variable, found):
        assert (ended.code, ended.out) == (2, "")
        assert "authority is never taken from" in ended.err
        assert "hunter2" not in ended.err
    assert silent_network == []


def test_variables_are_checked_like_the_file(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOTSCAN_FAIL_ON", "worst")
    ended = cli("image", "rootfs")
    assert ended.code == 2
    assert "IOTSCAN_FAIL_ON=worst" in ended.err
    assert "critical" in ended.err
    monkeypatch.setenv("IOTSCAN_FAIL_ON", "")
    assert cli("image", "rootfs", "-qq").code == 0


def test_an_unknown_variable_is_told(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOTSCAN_FAILON", "high")
    ended = cli("image", "rootfs", "-q")
    assert ended.code == 0
    assert "IOTSCAN_FAILON is unknown and has no effect: did you mean IOTSCAN_FAIL_ON?" in ended.err


@pytest.mark.parametrize(("text", "shown"), [("1", False), ("yes", False), ("0", True), ("false", True)])
def test_no_progress(cli: Cli, monkeypatch: pytest.MonkeyPatch, text: str, shown: bool) -> None:
    monkeypatch.setenv("IOTSCAN_NO_PROGRESS", text)
    assert origins(cli)["progress"]["value"] is shown


@pytest.mark.parametrize("words", [(), ("--ci",)])
def test_the_template_is_a_file_of_settings(cli: Cli, words: tuple[str, ...]) -> None:
    Path("iotscan.yaml").write_text(cli("config", "init", *words).out)
    assert ("fail_on" in origins(cli)) is bool(words)
    # What it shows in comments is right, too.
    text = Path("iotscan.yaml").read_text()
    Path("iotscan.yaml").write_text(
        "".join(
            line.replace("#", "", 1) if line.lstrip()[:2] in ("#f", "#i", "#e", "#n") else line
            for line in text.splitlines(keepends=True)
        )
    )
    assert {"exclude", "network.timeout", "fail_on"} <= set(origins(cli))


def test_origins_in_words(cli: Cli) -> None:
    Path("iotscan.yaml").write_text(HEAD + "fail_on: high\n")
    lines = cli("config", "show", "--origin").out.splitlines()
    assert 'fail_on "high" (./iotscan.yaml)' in [" ".join(line.split()) for line in lines]
    assert "profile - (default)" in [" ".join(line.split()) for line in lines]
    assert cli("config", "show", "-f", "xml").code == 2


def test_rules_of_a_file_lie_beside_it_and_are_asked_for(cli: Cli, silent_network: list[str]) -> None:
    Path("iotscan.yaml").write_text(HEAD + "network: {fingerprints: [rules]}\n")
    os.chdir("deep")
    for command in ("discover", "scan"):
        ended = cli(command, "127.0.0.1")
        assert ended.code == 2
        assert f"{Path('../rules').resolve()}" in ended.err
    assert silent_network == []
