"""The files that others' pipelines read: valid by the vendors' own schemas, and pinned."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from iotscan import __version__
from iotscan.shipped import PACKAGE
from tests.cli.conftest import Cli, cli, silent_network
from tests.data.test_config_file import WHOLE

__all__ = ["cli", "silent_network"]
ROOT = PACKAGE.parent
DIGEST = r"python:3\.\d+-slim@sha256:[0-9a-f]{64}"
GITLAB = ROOT / "integrations/gitlab/iotscan.gitlab-ci.yml"
(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())


def tool(*words: str | Path) -> str:
    command = [str(Path(sys.executable).with_name(str(words[0]))), *map(str, words[1:])]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    return "" if ended.returncode == 0 else ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ("vendor.github-actions", "action.yml"),
        ("vendor.github-workflows", "integrations/github/example-workflow.yml"),
        ("vendor.gitlab-ci", "integrations/gitlab/iotscan.gitlab-ci.yml"),
    ],
)
def test_the_vendors_schema(schema: str, path: str) -> None:
    assert tool("check-jsonschema", "--builtin-schema", schema, path) == ""


def test_shellcheck() -> None:
    assert tool("shellcheck", "integrations/github/run.sh") == ""


def test_every_action_of_the_example_has_to_be_pinned() -> None:
    text = (ROOT / "integrations/github/example-workflow.yml").read_text()
    used = re.findall(r"uses: (\S+)", text)
    assert [u for u in used if u != "./"]
    assert all(u == "./" or u.endswith("@FULL_COMMIT_HASH") for u in used), "a tag can be moved"
    assert "verdict == 'pass' ||" in text, "results that are missing close open alerts"


def test_the_gitlab_job_says_what_the_program_understands(cli: Cli, silent_network: list[str], tmp_path: Path) -> None:
    job: dict[str, Any] = yaml.safe_load(GITLAB.read_text())["iotscan"]
    assert re.fullmatch(DIGEST, job["image"])
    assert job["variables"]["TOOL"] == f"iotscan=={__version__}"
    command = job["script"][-1]
    for name, value in job["variables"].items():
        command = command.replace(f'"${name}"', value)
    program, *words = command.split()
    assert program.endswith("/iotscan")
    ended = cli(
        *(w.replace(":", f":{tmp_path}/", 1) if w.startswith(("junit:", "gitlab-", "json:")) else w for w in words)
    )
    assert ended.code == 2
    assert "build/rootfs" in ended.err, "it should only have missed the image"
    named = {w.partition(":")[2] for w in words if ":" in w}
    kept = job["artifacts"]
    assert named == {*kept["paths"], *kept["reports"].values()}
    assert kept["when"] == "always"


@pytest.mark.parametrize(
    ("path", "taken"),
    [
        ("iotscan.yaml", True),
        (".iotscan.yml", True),
        ("security/iotscan.waivers.yaml", True),
        ("acme.iotscan.yaml", True),
        ("iotscan.gitlab-ci.yml", False),
        ("profiles/default.yaml", False),
        ("iotscan-out/run.json", False),
    ],
)
def test_the_hook_takes_files_of_ours(path: str, taken: bool) -> None:
    fits = re.search(HOOK["files"], path) and not re.search(HOOK["exclude"], path)
    assert bool(fits) is taken


def test_the_hook_validates_and_never_scans(cli: Cli, silent_network: list[str], tmp_path: Path) -> None:
    program, *words = HOOK["entry"].split()
    assert (program, words) == ("iotscan", ["validate"])
    assert HOOK["language"] == "python"
    good, bad = tmp_path / "iotscan.yaml", tmp_path / "acme.iotscan.yaml"
    good.write_text(WHOLE)
    bad.write_text("schema: iotscan/config@1\nfail_on: hihg\n")
    assert cli(*words, good).code == 0
    ended = cli(*words, good, bad)
    assert ended.code == 2
    assert "did you mean 'high'?" in ended.err
    assert silent_network == []


def test_the_manifest_is_one() -> None:
    if not shutil.which("pre-commit", path=str(Path(sys.executable).parent)):
        pytest.skip("pre-commit is a tool of `make lint`")
    assert tool("pre-commit", "validate-manifest", ".pre-commit-hooks.yaml") == ""
