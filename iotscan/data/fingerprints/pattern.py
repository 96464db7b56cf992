"""Patterns that take time linear in the text, whoever wrote them: RE2 (github.com/google/re2/wiki/Syntax).

Python's own ``re`` backtracks: one rule of the form ``(a+)+$`` and 28 characters from a device stop it for 18 s.
"""

from typing import Any, Final

TEXT_LIMIT: Final = 16 * 1024
"""Characters of a text that are matched."""
_MEMORY: Final = 4 * 1024 * 1024
"""Bytes that a compiled pattern may take: nested counts that grow beyond it are refused."""
SIZE_LIMIT: Final = 32_768
"""Instructions of a compiled pattern: the largest of recog has 18,074. A text may take as many steps a character."""
_REFUSED_SIZE: Final = 170_000
"""Instructions that RE2 made at least until a pattern was too large for it."""


class Unusable(Exception):
    """A pattern that RE2 cannot express, or that is none; the text says why.

    ``size`` is what finding that out took, in instructions; 0 where it was no work.
    """

    def __init__(self, why: str, size: int = 0) -> None:
        super().__init__(why)
        self.size = size


class Pattern:
    """A compiled pattern; ``flags`` are ``i`` (case does not matter) and ``s`` (a dot matches line breaks)."""

    def __init__(self, written: str, flags: str = "") -> None:
        # The import takes 30 ms, which commands that identify nothing do not pay.
        import re2

        options = re2.Options()
        options.log_errors = False
        options.max_mem = _MEMORY
        options.case_sensitive = "i" not in flags
        options.dot_nl = "s" in flags
        try:
            self.compiled: Any = re2.compile("(?m)" + written, options)
        except re2.error as error:
            why = _why(error)
            raise Unusable(why, _REFUSED_SIZE if "too large" in why else 0) from error
        if self.size > SIZE_LIMIT:
            raise Unusable(f"compiled it has {self.size:,} instructions, more than {SIZE_LIMIT:,}", self.size)

    @property
    def size(self) -> int:
        """How many instructions it was compiled to."""
        return int(self.compiled.programsize)

    @property
    def groups(self) -> int:
        """How many captures it has."""
        return int(self.compiled.groups)

    def captures(self, text: str) -> tuple[str, ...] | None:
        """What the whole and each capture matched, first place in ``text`` that fits; None where nothing does."""
        found = self.compiled.search(text[:TEXT_LIMIT])
        return None if found is None else (found.group(0), *(g or "" for g in found.groups()))


def _why(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
