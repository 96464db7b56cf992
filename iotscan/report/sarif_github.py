"""SARIF as GitHub code scanning takes it: :mod:`.sarif` within GitHub's limits, and without what it misreads.

GitHub ignores suppressions and notifications and shows every result as an alert, and an alert that is missing from
an upload counts as fixed. So waived findings are left out, and an incomplete run is a result of its own. Limits
from "SARIF support for code scanning" (GitHub Docs): 5,000 results of a run are shown, 10 MB compressed are taken.
"""

import gzip
from collections.abc import Sequence

from iotscan.model.run import Run
from iotscan.model.vocabulary import Outcome
from iotscan.report.json import document
from iotscan.report.rows import Row, rows, shortfall
from iotscan.report.sarif import Json, log, message, notification, physical
from iotscan.report.uris import ROOT

SHOWN = 5_000
"""Results of a run that GitHub shows; it takes up to 25,000 and drops the rest without a word."""
BYTES = 10_000_000
"""A compressed file that GitHub takes."""
INCOMPLETE = "incomplete-run"
"""The rule of the one result that is about the run and no device."""


def render(run: Run) -> str:
    """The run for GitHub. Where findings are too many the most severe stay, and a notification counts the others."""
    every = rows(run)
    found = [r for r in every if r.outcome is Outcome.FAIL and not r.waiver]
    short = shortfall(run)
    kept = found[: SHOWN - bool(short)]
    while True:
        text = document(_log(run, every, kept, len(found) - len(kept), short))
        if not kept or is_within(text):
            return text
        kept = kept[: len(kept) * 4 // 5]


def is_within(text: str) -> bool:
    """True when GitHub takes a file of this size."""
    raw = text.encode()
    return len(raw) <= BYTES or len(gzip.compress(raw, 6)) <= BYTES


def _log(run: Run, every: Sequence[Row], kept: Sequence[Row], cut: int, short: str) -> Json:
    made = log(run, every, kept)
    (told,) = made["runs"]
    if cut:
        text = f"{cut:,} less severe findings were cut: GitHub shows no more than {SHOWN:,} results of one run."
        told["invocations"][0]["toolExecutionNotifications"].insert(0, notification("cut", "warning", text))
        told["properties"]["cut"] = cut
    if short:
        rules = told["tool"]["driver"]["rules"]
        told["results"].insert(0, _incomplete(short, len(rules)))
        rules.append(_rule())
    return made


def _incomplete(short: str, index: int) -> Json:
    return {
        "ruleId": INCOMPLETE,
        "ruleIndex": index,
        "kind": "fail",
        "level": "warning",
        "message": {"text": message(f"The run is incomplete, so that a missing alert may not be fixed: {short}.")},
        "locations": [physical(f"{ROOT}/run")],
        "partialFingerprints": {"primaryLocationLineHash": f"{INCOMPLETE}:1"},
        "fingerprints": {"iotscan/v1": INCOMPLETE},
    }


def _rule() -> Json:
    return {
        "id": INCOMPLETE,
        "name": "IncompleteRun",
        "shortDescription": {"text": "The assessment is incomplete"},
        "fullDescription": {
            "text": "Something that was required could not be assessed, so that a missing alert proves nothing."
        },
        "help": {"text": "The message and the run's report name what is missing and what it would take to assess it."},
        "defaultConfiguration": {"level": "warning"},
        "properties": {"tags": ["iotscan"], "precision": "very-high", "problem.severity": "warning"},
    }
