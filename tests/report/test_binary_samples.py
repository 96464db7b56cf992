"""The samples of the formats that are no text: what a reader of each sees in it is what is written now."""

import shutil
import subprocess
from pathlib import Path
from zipfile import ZipFile

import pytest

from iotscan.report.registry import encoded

from . import golden
from .example import example_run

SAMPLES = golden.REPORTS / "samples"


def test_the_word_sample_is_what_is_written(tmp_path: Path) -> None:
    def read(document: Path) -> str:
        with ZipFile(document) as parts:
            return "\n".join(parts.read(name).decode() for name in sorted(parts.namelist()) if name.endswith(".xml"))

    golden.match_as_read(SAMPLES / "report.docx", encoded(example_run(), "docx"), read, tmp_path)


def test_the_paper_sample_is_what_is_written(tmp_path: Path) -> None:
    if shutil.which("pdftotext") is None:
        pytest.skip("missing: apt-get install -y --no-install-recommends poppler-utils")

    def read(paper: Path) -> str:
        done = subprocess.run(["pdftotext", "-layout", paper, "-"], capture_output=True, text=True, check=True)
        return done.stdout

    golden.match_as_read(SAMPLES / "report.pdf", encoded(example_run(), "pdf"), read, tmp_path)
