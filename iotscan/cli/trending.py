"""What became of findings from run to run, by the rule of ``iotscan diff``: for the trend."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iotscan.model.history import Trend
    from iotscan.store.history.folder import History


def trend_of(history: "History", *, command: str = "", last: int = 20, until: str = "") -> "Trend":
    """The trend of the last runs; what has to be compared for it is compared, once."""
    from iotscan import __version__
    from iotscan.store.history.trending import trend

    def compare(earlier: str, later: str) -> tuple[int, int]:
        return _counts(history.output, earlier, later)

    return trend(history.database, compare, tool=__version__, command=command, last=last, until=until)


def _counts(output: Path, earlier: str, later: str) -> tuple[int, int]:
    """How many findings were added and fixed. Raises BadInput."""
    from iotscan.cli.one_rule import compared
    from iotscan.model.redaction import without_secrets
    from iotscan.store.runs import read_run

    # By the whole path: a folder's name alone may be that of a file here.
    runs = without_secrets((read_run(str(output / earlier), output), read_run(str(output / later), output)))
    counts = compared(*runs).counts
    return counts["added"], counts["fixed"]
