"""How well two colours can be told apart: the contrast ratio of WCAG 2.2 (https://www.w3.org/TR/WCAG22/)."""

from typing import Final

READABLE: Final = 4.5
"""The least ratio for text of any size (success criterion 1.4.3)."""
WHITE: Final = "#ffffff"


def contrast(one: str, other: str) -> float:
    """The ratio of two colours ``#rrggbb``, from 1 (the same) to 21 (black and white). Raises ValueError."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(color: str) -> float:
    """The relative luminance of ``#rrggbb``, from 0 to 1. Raises ValueError."""
    if len(color) != 7 or color[0] != "#":
        raise ValueError(color)
    red, green, blue = (_linear(int(color[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def is_readable(color: str, on: str = WHITE) -> bool:
    """True where text of ``color`` can be read ``on`` the other, and the other way round."""
    return contrast(color, on) >= READABLE


def _linear(channel: float) -> float:
    # 0.04045 is sRGB's own; WCAG's text has 0.03928, which no 8-bit channel tells apart.
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
