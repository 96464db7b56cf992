"""What the audits before a run say in its report: the comparison with the last one, the trend over all."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from iotscan.cli.pipe import tell

if TYPE_CHECKING:
    from iotscan.model.comparison import Comparison
    from iotscan.model.material import TrendPoint
    from iotscan.model.run import Run

TREND = 8
"""Runs of a history that a report puts side by side."""
Redact = Callable[["Comparison", "tuple[Run, Run]"], "Comparison"]
"""Makes a comparison of two runs as discreet as the report is."""


def compared_with(previous: "Run", run: "Run", redact: Redact) -> "Comparison":
    """What changed since the audit before. Raises BadInput where the two cannot be judged by one rule.

    ``run`` is not redacted: who is who is told by what redaction may hide, so that only what comes out of it is.
    """
    from iotscan.cli.one_rule import compared
    from iotscan.model.errors import BadInput
    from iotscan.model.redaction import without_secrets

    runs = without_secrets((previous, run))
    try:
        return redact(compared(*runs), runs)
    except BadInput as error:
        raise BadInput(
            f"--previous {previous.id} and {run.id} cannot be compared: judge both by one profile first, as "
            f"iotscan assess RUN --profile NAME -f json:FILE does"
        ) from error


def remembered(run: "Run", output: Path | None) -> "tuple[tuple[TrendPoint, ...], dict[str, str]]":
    """The trend up to the run, and when each of its findings was first seen; nothing where no history has it."""
    from iotscan.cli.trending import trend_of
    from iotscan.model.errors import BadInput
    from iotscan.store.history.folder import has_history, history_of
    from iotscan.store.history.telling import first_seen

    if output is None or not has_history(output):
        return (), {}
    try:
        with history_of(output) as history:
            if not history.holds(run.id):
                return (), {}
            return trend_of(history, last=TREND, until=run.id).points, first_seen(history.database, run.id)
    except BadInput as error:
        tell(f"iotscan: {error}; the report goes without it")
        return (), {}
