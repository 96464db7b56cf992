"""Which targets a delegated role of TUF may speak for.

Source: TUF specification 1.0.33 section 4.5 (``PATHPATTERN``).
"""

import hashlib
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from iotscan.wire.signing.jsons import texts_of

_PATTERNS: Final = 100
_LONGEST: Final = 256


def speaks_for(role: Mapping[str, Any], path: str) -> bool:
    """Whether one of a role's patterns, or prefixes of a hash, is for this path; a role with neither is for none."""
    prefixes = texts_of(role, "path_hash_prefixes")[:_PATTERNS]
    if prefixes:
        named = hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()
        return any(named.startswith(p) for p in prefixes)
    return any(_is_like(path, pattern) for pattern in texts_of(role, "paths")[:_PATTERNS])


def _is_like(path: str, pattern: str) -> bool:
    """Shell patterns that cross no slash."""
    parts, wanted = path.split("/"), pattern.split("/")
    if len(parts) != len(wanted) or len(path) > _LONGEST or len(pattern) > _LONGEST:
        return False
    return all(fnmatchcase(part, one) for part, one in zip(parts, wanted, strict=True))
