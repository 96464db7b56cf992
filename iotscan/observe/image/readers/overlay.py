"""Which of several versions of a file's pieces counts at each byte."""

import heapq
from collections.abc import Sequence
from itertools import pairwise

import msgspec


class Span(msgspec.Struct, frozen=True, gc=False):
    """Bytes ``start`` to ``end`` of a file as of ``version``; ``piece`` is the caller's number for it."""

    start: int
    end: int
    version: int
    piece: int


def newest(spans: Sequence[Span]) -> list[Span]:
    """Stretches without overlap, in order: at each byte the highest version, of two equal ones the later piece."""
    ordered = sorted((s for s in spans if s.end > s.start), key=lambda s: s.start)
    if all(first.end <= second.start for first, second in pairwise(ordered)):
        return ordered
    edges = sorted({edge for span in ordered for edge in (span.start, span.end)})
    found: list[Span] = []
    active: list[tuple[int, int, Span]] = []
    upcoming = 0
    for start, end in pairwise(edges):
        while upcoming < len(ordered) and ordered[upcoming].start <= start:
            span = ordered[upcoming]
            heapq.heappush(active, (-span.version, -span.piece, span))
            upcoming += 1
        while active and active[0][2].end <= start:
            heapq.heappop(active)
        if active:
            top = active[0][2]
            if found and found[-1].piece == top.piece and found[-1].end == start:
                found[-1] = Span(found[-1].start, end, top.version, top.piece)
            else:
                found.append(Span(start, end, top.version, top.piece))
    return found
