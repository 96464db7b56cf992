"""What kind of place a path of an image is."""

import re
from typing import Final

_DOCUMENTATION: Final = re.compile(
    r"/usr/(?:local/)?share/(?:doc|man|info|help|gtk-doc|perl|licenses|examples)/"
    r"|/(?:doc|docs|documentation|examples?|samples?|tests?|testing|testdata|test[-_]data|demos?|fixtures)/"
)
"""Where documentation, examples and tests of the programs lie; never below /etc, where a device reads from."""


def is_documentation(path: str) -> bool:
    """True for what is there to be read, not used: manuals, examples, tests."""
    return not path.startswith(("/etc/", "/var/", "/home/", "/root/")) and bool(_DOCUMENTATION.search(path))
