"""The history beside a scan: asked before it is judged, told when it has ended. It may fail; a scan does not for it."""

from pathlib import Path
from typing import TYPE_CHECKING

from iotscan.cli.pipe import tell

if TYPE_CHECKING:
    from iotscan.assess.terms import Recall, Terms
    from iotscan.model.run import Run
    from iotscan.model.sighting import Memory


def with_recall(terms: "Terms", output: Path, *, is_told: bool = True) -> "Terms":
    """Terms by which a run below ``output`` is judged with what the runs before it say of its devices."""
    import msgspec

    return msgspec.structs.replace(terms, recall=_recalling(output, is_told=is_told))


def _recalling(output: Path, *, is_told: bool) -> "Recall":
    def recall(run: "Run") -> "Memory | None":
        from iotscan.model.errors import BadInput
        from iotscan.store.history.folder import history_of

        try:
            with history_of(output) as history:
                history.take_missing()
                return history.recall(run)
        except BadInput as error:
            if is_told:
                tell(f"iotscan: {error}; the scan goes on without it")
            return None

    return recall


def keep(run: "Run", folder: Path, *, is_told: bool = True) -> None:
    """Take a run in that was just written to ``folder``; where that fails it is said, and the run is as good."""
    from iotscan.model.errors import BadInput
    from iotscan.store.history.folder import history_of

    try:
        with history_of(folder.parent) as history:
            history.take(run, folder)
    except BadInput as error:
        if is_told:
            tell(f"iotscan: {error}; the run itself is kept")
