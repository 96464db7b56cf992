"""Names of places in the document, so that sections can point at each other's cards without knowing each other."""

import hashlib
import re
from typing import Final

from iotscan.report.words import clean

_PLAIN: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LONGEST: Final = 48


def device(id: str) -> str:
    """The card of a device."""
    return f"device-{_slug(id)}"


def image(id: str) -> str:
    """The card of an image."""
    return f"image-{_slug(id)}"


def finding(check: str, variant: str) -> str:
    """The card of one kind of finding: a check and the way in which it fails."""
    return f"finding-{_slug(f'{check}-{variant}' if variant else check)}"


def observation(id: str) -> str:
    """The piece of evidence with this id."""
    return f"evidence-{_slug(id)}"


def _slug(text: str) -> str:
    """``text`` where it is plain, else a hash of it: an id in any format, and another for any other text.

    The view's ids are printable lines already, the run's need not be: both lead to the same place.
    """
    text = clean(text)
    if len(text) <= _LONGEST and _PLAIN.fullmatch(text):
        return text
    kept = re.sub(r"[^a-z0-9]+", "-", text.lower())[:24].strip("-")
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:12]
    return f"{kept}-{digest}" if kept else digest
