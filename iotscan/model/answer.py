"""A field that one question may fail to answer."""

from typing import Generic, Self, TypeVar

import msgspec

from iotscan.model.vocabulary import Reason

T = TypeVar("T")


class Unanswered(Exception):
    """A check read an :class:`Answer` that holds none; the result becomes *not assessed*."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail or reason.value)
        self.reason = reason
        self.detail = detail


class Answer(msgspec.Struct, Generic[T], frozen=True, kw_only=True, omit_defaults=True):
    """A value, or why there is none. Reading :attr:`value` without one raises :class:`Unanswered`.

    ``known`` is the value (never ``None`` when answered); ``reason`` and ``detail`` say why it is missing.
    """

    known: T | None = None
    reason: Reason | None = None
    detail: str = ""

    @classmethod
    def of(cls, value: T) -> Self:
        """An answered question."""
        return cls(known=value)

    @classmethod
    def missing(cls, reason: Reason, detail: str = "") -> Self:
        """A question that got no answer, and why."""
        return cls(reason=reason, detail=detail)

    @property
    def is_answered(self) -> bool:
        """True when :attr:`value` can be read."""
        return self.known is not None

    @property
    def was_asked(self) -> bool:
        """False where nobody put the question: a run of an older iotscan did not know it."""
        return self.reason is not Reason.NOT_ASKED

    @property
    def value(self) -> T:
        """The answer; raises :class:`Unanswered` when there is none."""
        if self.known is None:
            raise Unanswered(self.reason or Reason.NOT_OBSERVABLE, self.detail)
        return self.known
