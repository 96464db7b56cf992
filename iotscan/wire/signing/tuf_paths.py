"""Which targets a delegated role of TUF may speak for.

Source: TUF specification 1.0.33 section 4.5 (``PATHPATTERN``).
"""

import hashlib
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from iotscan.wire.signing.jsons import texts_of
from iotscan.wire.signing.unpacking import NotRead

_PATTERNS: Final = 100
_LONGEST: Final = 256
_STARS: Final = 8
"""In one part of a pattern: each costs as much again as the part of the path is long."""


def patterns_of(role: Mapping[str, Any]) -> int:
    """How many comparisons :func:`speaks_for` makes for one path."""
    return min(_PATTERNS, max(1, len(texts_of(role, "path_hash_prefixes")), len(texts_of(role, "paths"))))


def speaks_for(role: Mapping[str, Any], path: str) -> bool:
    """Whether one of a role's patterns, or prefixes of a hash, is for this path; a role with neither is for none.

    Raises NotRead.
    """
    prefixes = texts_of(role, "path_hash_prefixes")[:_PATTERNS]
    if prefixes:
        named = hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()
        return any(named.startswith(p) for p in prefixes)
    return any(_is_like(path, pattern) for pattern in texts_of(role, "paths")[:_PATTERNS])


def _is_like(path: str, pattern: str) -> bool:
    """Shell patterns that cross no slash. Raises NotRead for one that nobody writes."""
    parts, wanted = path.split("/"), pattern.split("/")
    if len(parts) != len(wanted) or len(path) > _LONGEST or len(pattern) > _LONGEST:
        return False
    if any(one.count("*") > _STARS for one in wanted):
        raise NotRead(f"a pattern of a delegation has more than {_STARS} stars")
    return all(fnmatchcase(part, one) for part, one in zip(parts, wanted, strict=True))
