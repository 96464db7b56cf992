"""``iotscan history rm``: a run out of the history, and its folder out of the world where that is wanted."""

import shutil
import sys

from iotscan.cli.history_show import run_row
from iotscan.model.errors import BadInput
from iotscan.report.words import clean
from iotscan.store.claim import claimed
from iotscan.store.history.folder import History
from iotscan.store.runs import NAME


def remove_run(history: History, word: str, *, with_files: bool, is_agreed: bool) -> str:
    """Take it out; a line that says what was done. Raises BadInput where nobody agrees, or it is not there."""
    row = run_row(history, word)
    if row is None:
        raise BadInput(f"the history knows no run '{clean(word, 60)}': see iotscan history list")
    run, name = history.database.execute("SELECT run, folder FROM runs WHERE id = ?", (row,)).fetchone()
    folder = history.output / name
    what = f"run {clean(run)}" + (f" and the folder {folder}" if with_files else "")
    if not is_agreed:
        _ask(what)
    if with_files and folder.exists():
        # The name comes from a file that others may have written: a folder of a run, right below, and no link.
        if folder.is_symlink() or folder.parent != history.output or not (folder / NAME).is_file():
            raise BadInput(f"{clean(str(folder), 200)} is no folder of a run: nothing was removed")
        with claimed(folder):
            history.leave_out(run)
            shutil.rmtree(folder)
    else:
        history.leave_out(run)
    return f"removed {what}\n"


def _ask(what: str) -> None:
    if not sys.stdin.isatty():
        raise BadInput(f"nobody is there to agree to remove {what}: agree with --yes")
    print(f"Remove {what}? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise BadInput("not agreed: nothing was removed")
