"""Files of the user that hold secrets, and who else on this machine may read them.

They are used all the same: what a container gets as a secret is often readable to all in it, and cannot be changed.
"""

import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from iotscan.model.run import Notice
from iotscan.model.text import safe_text

SECRETS: Final = "secrets"
"""What such a notice is about."""
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def open_to_others(files: Mapping[str, Path | None]) -> Iterator[Notice]:
    """A notice of each file, by the option that names it, that its group or everybody may read or change.

    What is no regular file (a pipe of the shell) is nobody else's; what cannot be looked at is somebody else's to tell.
    """
    for option, path in files.items():
        try:
            mode = path.stat().st_mode if path is not None else 0
        except OSError:
            continue
        if path is not None and stat.S_ISREG(mode) and mode & _OTHERS:
            name = safe_text(path.name, 80)
            said = f"others on this machine may read or change {name}, the file of {option} (chmod 600 {name})"
            yield Notice(about=SECRETS, text=said)
