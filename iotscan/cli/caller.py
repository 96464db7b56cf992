"""Who started the program, for the audit log."""

import os
import platform
import re
import sys
from ipaddress import ip_network

from iotscan.model.audit import Caller
from iotscan.model.text import safe_text


def caller() -> Caller:
    """The words of this call without folders, the user, the machine."""
    return Caller(
        argv=tuple(safe_text(without_folders(word), 200) for word in sys.argv[1:]),
        operator=safe_text(_user(), 100),
        host=safe_text(platform.node(), 100),
    )


def without_folders(word: str) -> str:
    """A word of a command line with the folders of paths left out: they tell of the operator, not of the scan.

    Networks stay, behind an option, too: ``--exclude=192.0.2.0/28`` says what was left alone.
    """
    option, named, value = word.partition("=") if word.startswith("--") and "=" in word else ("", "", word)
    kind = re.match(r"[\w-]+:(?=[^/]*/)", value)
    prefix = kind[0] if kind else ""
    path = value[len(prefix) :]
    if "/" not in value or _is_network(value):
        return word
    return f"{option}{named}{prefix}…/{path.rpartition('/')[2]}"


def _is_network(word: str) -> bool:
    try:
        ip_network(word, strict=False)
    except ValueError:
        return False
    return True


def _user() -> str:
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        return str(os.getuid()) if hasattr(os, "getuid") else ""
