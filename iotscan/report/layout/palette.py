"""The colours of the page: ours, and a brand's made readable on light and on dark ground."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from iotscan.model.brand import Brand
from iotscan.model.contrast import READABLE, contrast

Palette = Mapping[str, str]
"""Name of a colour -> ``#rrggbb``."""
LIGHT: Final[Palette] = MappingProxyType(
    {
        "page": "#f6f7f8", "surface": "#ffffff", "sunken": "#f0f2f4", "text": "#1b2026", "muted": "#545e69",
        "line": "#d9dde1", "strong-line": "#858e97",
        "critical": "#8a1538", "critical-soft": "#fbe8ed", "high": "#953400", "high-soft": "#fdebdf",
        "medium": "#6f4e00", "medium-soft": "#fbf1d0", "low": "#1b5680", "low-soft": "#e4f0fa",
        "info": "#4a545e", "info-soft": "#eceff1", "good": "#1d6045", "good-soft": "#e2f3ea",
        "bar-passed": "#3c8468", "bar-failed": "#b8432f", "bar-unknown": "#f0f2f4",
    }
)  # fmt: skip
DARK: Final[Palette] = MappingProxyType(
    {
        "page": "#14171a", "surface": "#1b1f23", "sunken": "#23282d", "text": "#e4e7ea", "muted": "#a6b0ba",
        "line": "#343b42", "strong-line": "#7d8791",
        "critical": "#ffa3ba", "critical-soft": "#3f1624", "high": "#ffb686", "high-soft": "#3d2213",
        "medium": "#eccf74", "medium-soft": "#352b0f", "low": "#97c9f5", "low-soft": "#152c40",
        "info": "#b9c3cc", "info-soft": "#2a3037", "good": "#8cd6b2", "good-soft": "#15332a",
        "bar-passed": "#4f9d7e", "bar-failed": "#dd6a53", "bar-unknown": "#23282d",
    }
)  # fmt: skip
PRIMARY: Final = "#1f3a56"
ACCENT: Final = "#17568f"
_IN_THE_DARK: Final = 6.0
"""What a colour needs on dark ground, where the least that is allowed looks like ash."""
_GROUNDS = ("page", "surface", "sunken")
_BLACK, _WHITE = "#0d1013", "#ffffff"


def palettes(brand: Brand) -> tuple[dict[str, str], dict[str, str]]:
    """(light, dark) palette with the colours of ``brand``: as they are under text of ours, moved where they are ink."""
    primary, accent = brand.primary or PRIMARY, brand.accent or brand.primary or ACCENT
    return _branded(LIGHT, primary, accent, _BLACK, READABLE), _branded(DARK, primary, accent, _WHITE, _IN_THE_DARK)


def _branded(palette: Palette, primary: str, accent: str, end: str, least: float) -> dict[str, str]:
    grounds = tuple(palette[name] for name in _GROUNDS)
    return {
        **palette,
        "brand": primary,
        "on-brand": max((_WHITE, _BLACK), key=lambda ink: contrast(ink, primary)),
        "brand-ink": readable(primary, grounds, end, least),
        "accent": readable(accent, grounds, end, least),
    }


def readable(colour: str, grounds: tuple[str, ...], end: str, least: float = READABLE) -> str:
    """``colour``, as little of ``end`` in it as makes it readable on every ground."""
    for step in range(21):
        mixed = _mixed(colour, end, step / 20)
        if min(contrast(mixed, ground) for ground in grounds) >= least:
            return mixed
    return end


def declarations(palette: Palette) -> str:
    """The palette as custom properties of a style sheet."""
    return "".join(f"--{name}:{colour};" for name, colour in palette.items())


def sheet(brand: Brand) -> str:
    """Custom properties for the scheme that the reader prefers or chose; paper is always light."""
    return "\n".join(_rules(*palettes(brand)))


def _rules(light: Palette, dark: Palette) -> Iterator[str]:
    bright, dim = declarations(light), declarations(dark)
    yield f":root{{color-scheme:light;{bright}}}"
    yield (
        f"@media screen and (prefers-color-scheme:dark){{:root:not([data-scheme=light]){{color-scheme:dark;{dim}}}}}"
    )
    yield f"@media screen{{:root[data-scheme=dark]{{color-scheme:dark;{dim}}}}}"


def _mixed(one: str, other: str, share: float) -> str:
    pairs = zip(_parts(one), _parts(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _parts(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[place : place + 2], 16) for place in (1, 3, 5))
