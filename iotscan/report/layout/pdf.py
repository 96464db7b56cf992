"""The document as a PDF, by typst: tagged for screen readers (PDF/UA-1), with an outline, the same bytes each time."""

import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any, Final

import msgspec

from iotscan.model.brand import Brand
from iotscan.model.errors import BadInput
from iotscan.report.document import Document
from iotscan.report.layout.needs import require
from iotscan.report.layout.sheet import day_of, sheet
from iotscan.report.layout.shortening import shortened
from iotscan.report.layout.typesetting import Job, Trouble
from iotscan.shipped import PACKAGE, shipped

_LOGOS: Final[Mapping[str, str]] = {"image/svg+xml": "svg", "image/png": "png"}
_LOGO_WIDTH: Final = 70
_LOGO_HEIGHT: Final = 22
"""Millimetres that a logo has on the cover at the most."""
COMMAND: Final = (sys.executable, "-P", "-m", "iotscan.report.layout.typesetting")
SECONDS: Final = 600.0
"""Until the PDF must be ready: twenty thousand findings take two minutes on a slow machine."""
_INSTEAD: Final = "the report may be too large for paper; take -f html and print from a browser"


def render(document: Document) -> bytes:
    """The whole file. Raises BadInput where typst is missing or the logo cannot be drawn."""
    require("pdf")
    data = msgspec.json.encode({**sheet(shortened(document)), **_logo(document.brand), "spelt": False}).decode()
    job = Job(
        template=(shipped("reports") / "templates" / "audit.typ").read_text(encoding="utf-8"),
        logo=msgspec.json.encode(list(document.brand.logo)).decode(),
        data=data,
        moment=int(datetime.combine(day_of(document.made), time(), UTC).timestamp()),
    )
    return _typeset(job)


def _logo(brand: Brand) -> dict[str, Any]:
    name = _LOGOS.get(brand.logo_type, "") if brand.logo else ""
    words = brand.company or "the assessor"
    return {
        "logo": name,
        "logo-alt": f"Logo of {words}",
        "logo-width": _LOGO_WIDTH,
        "logo-height": _LOGO_HEIGHT,
    }


def _typeset(job: Job) -> bytes:
    """The PDF, made by a process that is stopped where it takes too long. Raises BadInput."""
    # TMPDIR and where fonts are looked for; nothing else of the user's belongs there.
    kept = {name: os.environ[name] for name in ("HOME", "PATH", "TMPDIR", "LD_LIBRARY_PATH") if name in os.environ}
    environment = {**kept, "PYTHONPATH": str(PACKAGE.parent)}
    try:
        ended = subprocess.run(
            COMMAND,
            input=msgspec.json.encode(job),
            capture_output=True,
            timeout=SECONDS,
            env=environment,
            cwd="/",
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BadInput(f"the PDF was not ready within {SECONDS:g} seconds: {_INSTEAD}") from error
    if ended.returncode == 0 and ended.stdout.startswith(b"%PDF"):
        return ended.stdout
    try:
        trouble = msgspec.json.decode(ended.stdout, type=Trouble)
    except msgspec.MsgspecError as error:
        raise BadInput(
            f"typst ended without a PDF (exit {ended.returncode}), as for want of memory: {_INSTEAD}"
        ) from error
    if "logo.json" in trouble.diagnostic:
        raise BadInput(f"the logo of the brand cannot be drawn ({trouble.message[:120]}): save it another way")
    raise RuntimeError(trouble.diagnostic[:2000])
