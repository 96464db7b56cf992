"""A process that hangs, dies, talks nonsense or is refused: each ends in words, and what was said until then counts."""

import sys
from pathlib import Path

import pytest

from iotscan.model.errors import BadInput
from iotscan.model.facts import Accounts, PrivateKeys
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.image import process
from iotscan.observe.image.budget import Limits
from iotscan.observe.image.messages import ARGUMENT_CAP, keys_as_text, keys_of_text
from iotscan.observe.image.process import ImageProcess, Looked
from iotscan.wire.signing.public_keys import describe_key
from tests.observe.image.looking import a_root
from tests.wire.signing.made import a_key

SAID = """
import os, signal, sys, time
from iotscan.model.facts import Accounts
from iotscan.model.subject import Subject
from iotscan.model.device import ImagePart
from iotscan.observe.heard import Heard
from iotscan.observe.image.messages import Ended, Opened, Said, write
out = os.fdopen(os.dup(1), "wb")
write(out, Opened(format="tar", parts=(ImagePart(format="tar", role="root"),)))
write(out, Said(inspector="accounts", subject=Subject(image="i"), heard=Heard(facts=(Accounts(accounts=()),))))
"""


def looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: str, seconds: float = 60.0) -> Looked:
    """What becomes of an image whose process says one thing and then does ``then``."""
    (tmp_path / "double.py").write_text(SAID + then)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(process, "GRACE", 0.0)
    return ImageProcess(tmp_path, "i", limits=Limits(seconds=seconds), module="double").look()


@pytest.mark.parametrize(
    ("then", "why"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "died (signal 11)"),
        ("sys.exit(7)", "died (exit code 7)"),
        ("out.write(b'no frame at all'); out.flush()", "died"),
        ("out.write(b'\\x7f\\xff\\xff\\xff'); out.flush(); time.sleep(60)", "died (signal 9)"),
    ],
)
def test_what_was_said_before_the_end_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: str, why: str
) -> None:
    found = looked(tmp_path, monkeypatch, then)
    observations, attempts = found.posture
    assert [type(o.fact) for o in observations] == [Accounts]
    lost = next(a for a in attempts if a.need == "private-keys")
    assert (lost.status, lost.reason) == (AttemptStatus.UNREADABLE, Reason.UNREADABLE)
    assert why in lost.detail
    # What was said is kept, and is not all that there was to say.
    rest = next(a for a in attempts if a.need == "accounts" and a.status is AttemptStatus.UNREADABLE)
    assert (rest.subject.path, rest.reason) == ("the rest of the image", Reason.UNREADABLE)


def test_a_process_that_tells_without_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of root file systems must not fill the memory of who listens."""
    monkeypatch.setattr(process, "SAID_CAP", 100_000)
    then = "from iotscan.observe.image.messages import Doing\nwhile True: write(out, Doing(what='x' * 1000))"
    observations, attempts = looked(tmp_path, monkeypatch, then, seconds=30.0).posture
    assert [type(o.fact) for o in observations] == [Accounts]
    assert "more was found in the image than can be kept" in {a.detail for a in attempts}


def test_a_process_that_hangs_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = looked(tmp_path, monkeypatch, "time.sleep(600)", seconds=2.0)
    lost = next(a for a in found.posture[1] if a.need == "private-keys")
    assert lost.detail == "reading the image took longer than 2 s"


def test_a_whole_image(tmp_path: Path) -> None:
    a_root(tmp_path / "root", {"etc/passwd": "root:*:0:0::/:/bin/sh\n", "etc/issue": "x"})
    doing = []
    found = ImageProcess(tmp_path / "root", "i").look(doing.append)
    kinds = {type(o.fact) for o in found.posture[0]}
    assert {Accounts, PrivateKeys} <= kinds
    assert (found.format, found.files, found.parts[0].role) == ("folder", 2, "root")
    assert not any(a.status is AttemptStatus.UNREADABLE for a in found.posture[1])
    assert "accounts" in {d.what for d in doing}


def test_no_image_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("nothing to see")
    with pytest.raises(BadInput, match="neither a root file system"):
        ImageProcess(tmp_path / "notes", "i").look()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits what a process holds")
def test_the_process_may_not_hold_all_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hog = "from iotscan.observe.image.worker import confine\nconfine()\nx = bytearray(3 << 30)\n"
    found = looked(tmp_path, monkeypatch, hog)
    assert "exit code 1" in next(a.detail for a in found.posture[1] if a.need == "private-keys")


def test_keys_find_room_in_an_argument() -> None:
    """Linux starts no process with an argument of 128 KiB."""
    key = describe_key(a_key().public_key())
    assert keys_of_text(keys_as_text([key, key])) == (key, key)
    many = keys_as_text([key] * 2000)
    assert len(many) <= ARGUMENT_CAP
    assert len(keys_of_text(many)) > 100
