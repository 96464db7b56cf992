"""The summary on a job's page: GitHub shows what a step appends to the file that ``GITHUB_STEP_SUMMARY`` names."""

import os
from typing import TYPE_CHECKING

from iotscan.cli.pipe import tell

if TYPE_CHECKING:
    from iotscan.model.run import Run

VARIABLE = "GITHUB_STEP_SUMMARY"


def append_step_summary(run: "Run") -> None:
    """Append the short Markdown of a judged run where the pipeline asks for it.

    A file that takes nothing costs a line on standard error and changes no result.
    """
    path = os.environ.get(VARIABLE, "")
    if not path or run.verdict is None:
        return
    from iotscan.report.registry import write

    text = write(run, "github-summary")
    try:
        # Not blocking: a pipe without a reader is an error to tell, no reason to wait.
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK, 0o644)
        with open(descriptor, "a", encoding="utf-8", newline="") as file:
            file.write(text + "\n")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "no such name can be"
        tell(f"the step summary was not written to {path} ({why}): see {VARIABLE}, or --no-step-summary")
