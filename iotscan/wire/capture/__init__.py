"""Captures of traffic: files and streams become frames, frames become packets. Pure: nothing here opens anything.

A :data:`Frame` is a plain tuple, since a capture has millions of them.
"""

from collections.abc import Callable

Frame = tuple[int, int, bytes, int]
"""When it was caught (nanoseconds since 1970, UTC), its kind of link (:mod:`.links`), its bytes, and how many there
were on the wire: more than were kept where the capture has a snaplen."""

Take = Callable[[], bytes]
"""The next bytes of a file or stream, as many as there are at hand; none at its end."""


class Damaged(Exception):
    """Reading has to end before the end. The message says why, in words for a report."""


class NotACapture(Exception):
    """The bytes are no capture of a kind that is read here."""
