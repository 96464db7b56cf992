"""A runner that does with our action what GitHub's does: inputs as variables, steps by bash, outputs read back."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from iotscan.shipped import PACKAGE
from tests.program import environment

ROOT = PACKAGE.parent
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
SECONDS = 170


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """How the action ended. Outputs that were never set are empty, as for GitHub."""

    code: int
    outputs: dict[str, str]
    summary: str
    log: str

    def file(self, output: str) -> str:
        """The text of a file that an output names."""
        return Path(self.outputs[output]).read_text("utf-8")


def uses(home: Path, *, env: Mapping[str, str] | None = None, cwd: Path | None = None, **given: str) -> Job:
    """Use the action with inputs (``fail_on`` for ``fail-on``) in a job whose files lie below ``home``."""
    given = {name.replace("_", "-"): value for name, value in given.items()}
    assert set(given) <= set(ACTION["inputs"])
    inputs = {name: given.get(name, spec.get("default", "")) for name, spec in ACTION["inputs"].items()}
    temp, summary = home / "temp", home / "summary.md"
    temp.mkdir(parents=True, exist_ok=True)
    summary.write_text("")
    outputs: dict[str, dict[str, str]] = {}
    code, log = 0, ""
    for number, step in enumerate(ACTION["runs"]["steps"]):
        said = home / f"output-{number}"
        said.write_text("")
        around = {
            "RUNNER_TEMP": str(temp),
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_OUTPUT": str(said),
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_ACTIONS": "true",
            "CI": "true",
            "PATH": f"{_program(home)}:{os.environ['PATH']}",
            **(env or {}),
            **{name: _substitute(value, inputs) for name, value in step["env"].items()},
        }
        script = home / f"step-{number}.sh"
        script.write_text(step["run"])
        ended = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=cwd or home,
            env=environment(home, **around),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        log += ended.stdout
        outputs[step.get("id", "")] = _read_outputs(said.read_text())
        if ended.returncode:
            code = ended.returncode
            break
    return Job(code=code, outputs=_collect(outputs), summary=summary.read_text("utf-8"), log=log)


def _program(home: Path) -> Path:
    """A folder with a program ``iotscan``: that of this checkout."""
    folder = home / "bin"
    folder.mkdir(exist_ok=True)
    (folder / "iotscan").write_text(f'#!/bin/sh\nexec {sys.executable} -m iotscan "$@"\n')
    (folder / "iotscan").chmod(0o755)
    return folder


def _substitute(text: str, inputs: Mapping[str, str]) -> str:
    return re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda m: inputs[m[1]], text)


def _read_outputs(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if line]
    assert all("=" in line for line in lines), "GitHub fails the step over such a line"
    return dict(line.split("=", 1) for line in lines)


def _collect(steps: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    found = {}
    for name, spec in ACTION["outputs"].items():
        place = re.fullmatch(r"\$\{\{ steps\.(\w+)\.outputs\.([\w-]+) \}\}", spec["value"])
        assert place, name
        found[name] = steps.get(place[1], {}).get(place[2], "")
    return found
