"""What the formats of the audit report need beyond iotscan itself, asked before any work is done."""

from collections.abc import Mapping
from importlib.util import find_spec
from types import MappingProxyType
from typing import Final

from iotscan.model.errors import BadInput

NEEDS: Final[Mapping[str, str]] = MappingProxyType({"pdf": "typst"})
"""Format to the module that makes it, which its distribution is named after."""


def require(format: str) -> None:
    """Raise BadInput where ``format`` cannot be made on this machine."""
    module = NEEDS.get(format)
    if module and find_spec(module) is None:
        raise BadInput(f"-f {format} needs {module}, which is not installed: pip install 'iotscan[report]'")
