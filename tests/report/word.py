"""LibreOffice for tests: a Word document as it is laid out, without a window and with a profile of its own."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PROGRAMS = ("soffice", "pdftotext")


def needs_libreoffice() -> None:
    """Skip loudly where it is not installed; fail where Debian's programs have to be there."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if not missing:
        return
    if os.environ.get("IOTSCAN_REQUIRE_LAN") == "1":
        pytest.fail(f"IOTSCAN_REQUIRE_LAN=1, but {', '.join(missing)} is not installed", pytrace=False)
    pytest.skip(f"the document was NOT opened in LibreOffice: {', '.join(missing)} is not installed")


def converted(document: Path, kind: str, folder: Path) -> Path:
    """The document as ``pdf``, ``odt``, ``docx`` or ``txt`` in ``folder``."""
    # Its first start makes a profile; that of a person or of another test is not touched.
    profile = f"-env:UserInstallation=file://{folder}/profile"
    target = "txt:Text (encoded):UTF8" if kind == "txt" else kind
    command = ["soffice", profile, "--headless", "--convert-to", target, "--outdir", str(folder), str(document)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)
    made = folder / f"{document.stem}.{kind}"
    assert made.exists(), done.stdout + done.stderr
    return made


def pages(pdf: Path) -> list[str]:
    """The text of each page."""
    done = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True, check=True)
    return done.stdout.split("\f")[:-1]
