"""The GitHub action, by its own steps: its exit code is the program's, and what did not work is never green."""

import json
import os
import re
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml

from iotscan import __version__
from iotscan.report.json import render
from tests.integrations.github import ACTION, ROOT, Job, uses
from tests.packaging.conftest import build
from tests.pipeline import images
from tests.report.example import example_run

MAKERS = {"good": images.good, "regressed": images.regressed, "broken": images.broken}


def image(tmp_path: Path, name: str) -> str:
    return str(MAKERS[name](tmp_path / name))


def sarif(job: Job) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(job.file("sarif"))
    assert loaded["version"] == "2.1.0"
    return loaded["runs"][0]  # type: ignore[no-any-return]


def require_error(job: Job, code: int, why: str) -> None:
    """What every failure of the tool must leave behind."""
    assert job.code == code != 0
    assert (job.outputs["verdict"], job.outputs["exit-code"]) == ("error", str(code))
    run = sarif(job)
    assert run["results"] == []
    assert run["invocations"][0]["executionSuccessful"] is False
    assert "iotscan: error" in job.summary
    assert re.search(why, job.summary), job.summary
    assert "::error title=iotscan::" in job.log


@pytest.mark.parametrize(
    ("name", "code", "verdict"), [("good", 0, "pass"), ("regressed", 1, "fail"), ("broken", 3, "incomplete")]
)
def test_an_image(tmp_path: Path, name: str, code: int, verdict: str) -> None:
    job = uses(tmp_path, install="none", target=image(tmp_path, name))
    assert job.code == code, job.log
    assert (job.outputs["verdict"], job.outputs["exit-code"]) == (verdict, str(code))
    run = json.loads(job.file("json"))
    assert run["verdict"]["exit_code"] == code
    assert sarif(job)["invocations"][0]["executionSuccessful"] is (code != 3)
    named = {r["ruleId"] for r in sarif(job)["results"] if r.get("kind", "fail") == "fail"}
    assert named - images.LEFT_OUT == {"regressed": {"password-hashes"}, "broken": {"incomplete-run"}}.get(name, set())
    assert job.file("junit").startswith("<?xml")
    assert job.summary.count("iotscan") >= 1
    assert "::error" not in job.log


@pytest.mark.parametrize(("threshold", "code"), [("high", 1), ("none", 0)])
def test_a_stored_run(tmp_path: Path, threshold: str, code: int) -> None:
    (tmp_path / "run.json").write_text(render(example_run()))
    job = uses(tmp_path, install="none", command="gate", target="run.json", fail_on=threshold, incomplete="ignore")
    assert job.code == code, job.log
    assert len(job.outputs) == 5
    assert all(job.outputs.values())


def test_every_input_arrives(tmp_path: Path) -> None:
    (tmp_path / "waivers.yaml").write_text("schema: iotscan/waivers@1\nwaivers: []\n")
    (tmp_path / "settings.yaml").write_text("schema: iotscan/config@1\nascii: true\n")
    first = uses(tmp_path / "first", install="none", target=image(tmp_path, "regressed"))
    second = uses(
        tmp_path,
        install="none",
        target=str(tmp_path / "regressed"),
        fail_on="none",
        fail_on_new="low",
        warn_on="low",
        baseline=first.outputs["json"],
        min_grade="F",
        incomplete="warn",
        profile="default",
        waivers="waivers.yaml",
        config="settings.yaml",
    )
    assert second.code == 0, second.log
    verdict = json.loads(second.file("json"))["verdict"]
    said = ("fail_on", "fail_on_new", "warn_on", "min_grade", "incomplete")
    assert [verdict.get(key) for key in said] == ["none", "low", "low", "F", "warn"]
    assert "settings.yaml: ascii" in second.log


ERRORS: dict[str, tuple[dict[str, str], int, str]] = {
    "no target": ({"target": ""}, 2, "target is missing"),
    "no such command": ({"command": "scan"}, 2, "neither image nor gate"),
    "no such image": ({"target": "nowhere"}, 2, "iotscan failed"),
    "option as target": ({"target": "--help"}, 2, "iotscan failed"),
    "threshold": ({"fail_on": "hihg"}, 2, "iotscan failed"),
    "no program": ({"install": "none", "python": "nowhere"}, 2, "iotscan failed"),
    "newest": ({"install": "iotscan"}, 2, "neither iotscan==VERSION"),
    "range": ({"install": "iotscan>=1"}, 2, "neither iotscan==VERSION"),
    "wildcard": ({"install": "iotscan==1.*"}, 2, "no exact version"),
    "somebody else's": ({"install": "iotscam==1.0"}, 2, "neither iotscan==VERSION"),
    "option": ({"install": "--pre iotscan"}, 2, "neither iotscan==VERSION"),
    "no python": ({"install": "iotscan==1.0", "python": "/nowhere/python"}, 70, "could not be installed"),
    "command in an input": ({"fail_on": '$(touch owned)"; touch owned; "'}, 2, "iotscan failed"),
    "workflow command": ({"install": "x\n::set-env name=A::b"}, 2, "neither iotscan==VERSION"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_what_does_not_work_is_never_green(tmp_path: Path, name: str) -> None:
    given, code, why = ERRORS[name]
    inputs = {"install": "none", "target": image(tmp_path, "good"), **given}
    if name == "no program":
        inputs["target"] = "nowhere"
    job = uses(tmp_path, **inputs)
    require_error(job, code, why)
    assert not list(tmp_path.rglob("owned"))
    assert not re.search(r"^::set-env", job.log, re.MULTILINE)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("exit 0", 70),
        ("exit 127", 127),
        ("exit 70", 70),
        ("kill -9 $$", 137),
        ("kill -TERM $$", 143),
        ('echo "{}" > "$RUNNER_TEMP"/iotscan.*/iotscan.sarif; exit 0', 70),
    ],
)
def test_a_program_that_goes_wrong(tmp_path: Path, body: str, code: int) -> None:
    """A program that says 0 and wrote nothing, one that dies: never a pass."""
    fake = tmp_path / "fake"
    fake.mkdir()
    (fake / "iotscan").write_text(f"#!/bin/bash\n{body}\n")
    (fake / "iotscan").chmod(0o755)
    job = uses(tmp_path, env={"PATH": f"{fake}:{os.environ['PATH']}"}, install="none", target="x")
    require_error(job, code, "")


def test_two_uses_in_one_job_do_not_share_files(tmp_path: Path) -> None:
    first = uses(tmp_path, install="none", target=image(tmp_path, "good"))
    second = uses(tmp_path, install="none", target="nowhere")
    assert first.outputs["sarif"] != second.outputs["sarif"]
    assert sarif(first)["invocations"][0]["executionSuccessful"] is True


@pytest.mark.slow
def test_it_installs_what_it_is_given(tmp_path: Path) -> None:
    """From a wheel, into an environment of its own; what the wheel requires is lent by this one."""
    wheel = build(ROOT, tmp_path / "dist", "--wheel")
    lent = ":".join(dict.fromkeys(sysconfig.get_path(kind) for kind in ("purelib", "platlib")))
    env = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PYTHONPATH": lent}
    job = uses(tmp_path, env=env, install=str(wheel), target=image(tmp_path, "regressed"))
    assert job.code == 1, job.log
    (installed,) = (tmp_path / "temp").glob("iotscan.*/venv/lib/python*/site-packages/iotscan")
    assert (installed / "_shipped").is_dir()


def test_a_wheel_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "iotscan-1.0-py3-none-any.whl").write_text("no wheel")
    job = uses(tmp_path, env={"PIP_NO_INDEX": "1"}, install=str(tmp_path / "iotscan-1.0-py3-none-any.whl"), target="x")
    require_error(job, 70, "could not be installed")


def test_requirements_need_hashes(tmp_path: Path) -> None:
    (tmp_path / "iotscan-1.0-py3-none-any.whl").write_text("no wheel")
    (tmp_path / "requirements.txt").write_text(f"{tmp_path}/iotscan-1.0-py3-none-any.whl\n")
    job = uses(tmp_path, env={"PIP_NO_INDEX": "1"}, requirements="requirements.txt", target="x")
    require_error(job, 70, "could not be installed")
    assert "hash" in job.log.lower()


def test_nothing_is_substituted_into_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"], "an input would become part of a program"
        assert step["shell"] == "bash"


def test_the_version_is_ours_and_exact() -> None:
    assert ACTION["inputs"]["install"]["default"] == f"iotscan=={__version__}"


def test_all_inputs_are_heard() -> None:
    heard = {name for step in ACTION["runs"]["steps"] for name in re.findall(r"inputs\.([\w-]+)", yaml.dump(step))}
    assert heard == set(ACTION["inputs"])
    script = (ROOT / "integrations/github/run.sh").read_text()
    for step in ACTION["runs"]["steps"]:
        assert all(f"${{{name}" in script for name in step["env"]), "an input that the script does not read"
