"""The shape beside a word that has a tone, so that it reads without colour: the same in every format."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from iotscan.report.document import Part, Tone

SHAPES: Final[Mapping[Tone, str]] = MappingProxyType(
    {
        **dict(zip(("critical", "high", "medium", "low", "info"), ("●", "▲", "◆", "▽", "○"), strict=True)),
        "pass": "✓",
        "fail": "✗",
        "warn": "!",
        "unknown": "?",
    }
)
"""Severities as on the terminal; a letter of a grade is a shape of its own."""


def shaped(words: str, tone: Tone) -> str:
    """``▲ high``; words without a shape as they are."""
    return f"{SHAPES[tone]} {words}" if tone in SHAPES else words


def shares(parts: tuple[Part, ...], width: int) -> tuple[tuple[Part, int], ...]:
    """How many of ``width`` steps each part of a bar takes; what is not nothing takes one at least.

    A bar of nothing takes no steps. The sum is ``width`` otherwise, and where there are more parts than steps, more.
    """
    whole = sum(part.count for part in parts)
    if not whole:
        return ()
    shown = [part for part in parts if part.count]
    steps = [max(1, width * part.count // whole) for part in shown]
    rests = [width * part.count % whole for part in shown]
    while sum(steps) < width:
        place = max(range(len(shown)), key=lambda n: (rests[n], -n))
        steps[place], rests[place] = steps[place] + 1, -1
    while sum(steps) > width and max(steps) > 1:
        steps[steps.index(max(steps))] -= 1
    return tuple(zip(shown, steps, strict=True))
