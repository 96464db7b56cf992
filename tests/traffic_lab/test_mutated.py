"""Damaged, cut, reordered copies of every scene's capture: nothing crashes, hangs, or says what is not true.

Less may be understood of a copy: a session that never came to its data, a file of which the end is missing. What is
understood must be true of the original, and no finding may come of a copy that does not come of it.
"""

import io
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from iotscan.model.errors import BadInput
from iotscan.observe.traffic.conversation import Item
from iotscan.observe.traffic.following import Following
from iotscan.observe.traffic.ledger import Ledger
from iotscan.observe.traffic.readers import all_choosers
from iotscan.store.runs import read_run
from tests.program import run_iotscan
from tests.traffic_lab.judging import LONGEST, judged
from tests.traffic_lab.mutating import MUTATIONS, Mutation, said_wrong
from tests.traffic_lab.understanding import Heard

CaptureOf = Callable[[str], Path]
SCENES = sorted(p.stem for p in (Path(__file__).parent / "scenes").glob("*.py") if p.stem != "__init__")
COPIES = 2
PLACE = ("role", "peer", "transport", "port", "count", "first", "last", "period")
NOTHING: tuple[Any, ...] = ("", "unknown", None, 0, -1, False, (), {}, "unfinished")
PARTS = (("squashfs", "rauc"), ("binary", "mender"), ("path", "magic"))
"""What a file is taken for whose end, or beginning, is lost; and how that is known."""
NOBODY = "somebody"
"""Whose password it is where his name was not heard."""
DATES = {"expired", "not-yet-valid"}
"""By the time of a frame, which nothing protects: what comes of it is for the clock of the whole capture to say."""
PROGRESS = ("hello", "finished", "application-data")


def read(data: bytes) -> Heard:
    heard = Heard()
    following = Following(heard, all_choosers())
    began = time.process_time()
    try:
        following.read(io.BytesIO(data), "copy", lambda _: None)
    except BadInput:
        return heard
    following.close()
    assert not following.failures
    assert time.process_time() - began < LONGEST
    return heard


def said_of(item: Item) -> dict[str, Any]:
    said = {name: value for name, value in msgspec.to_builtins(item).items() if name not in PLACE}
    if DATES & set((proof := said.get("proof") or {}).get("faults", ())):
        said["proof"] = proof | {"faults": tuple(set(proof["faults"]) - DATES), "detail": ""}
    return said


def is_less(value: Any, true: Any) -> bool:
    """Whether a value is the true one, or says less than it."""
    if value == true or value in NOTHING or (value, true) in PARTS:
        return True
    if isinstance(value, tuple) and isinstance(true, tuple):
        return all(any(is_less(each, other) for other in true) for each in value)
    if isinstance(value, dict) and isinstance(true, dict):
        return all(is_less(inner, true.get(name)) for name, inner in value.items())
    if isinstance(value, int) and isinstance(true, int) and not isinstance(value, bool):
        return value < true  # bytes of a body, or of a file
    if value in PROGRESS and true in PROGRESS:
        return PROGRESS.index(value) < PROGRESS.index(true)
    return isinstance(value, str) and isinstance(true, str) and true.startswith(value.removesuffix(NOBODY))


def invented(heard: Heard, original: Heard) -> Iterator[str]:
    """What was said of a copy that is not true of the original."""
    true = [(type(said.item), said_of(said.item)) for said in original.all]
    for said in heard.all:
        mine = said_of(said.item)
        same = [other for kind, other in true if kind is type(said.item)]
        if not any(all(is_less(value, other[name]) for name, value in mine.items()) for other in same):
            yield f"{type(said.item).__name__}: {mine}"


def copies(name: str, data: bytes, mutate: Mutation, count: int = COPIES) -> Iterator[bytes]:
    for number in range(count):
        yield mutate(random.Random(f"{name} {number}"), data)


@pytest.mark.lan
@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda mutate: mutate.__name__)
@pytest.mark.parametrize("name", SCENES)
def test_copies_are_read_and_nothing_is_invented(capture_of: CaptureOf, name: str, mutate: Mutation) -> None:
    data = capture_of(name).read_bytes()
    original = read(data)
    for copy in copies(name, data, mutate):
        assert not list(invented(read(copy), original))


@pytest.mark.lan
@pytest.mark.parametrize("name", SCENES)
def test_no_finding_comes_of_a_copy_that_does_not_come_of_the_original(capture_of: CaptureOf, name: str) -> None:
    """Each by itself: copies of one handshake, read together, are several handshakes."""
    data = capture_of(name).read_bytes()
    original = judged(data)
    for mutate in MUTATIONS:
        for copy in copies(name, data, mutate):
            assert not judged(copy).beyond(original), mutate.__name__


@pytest.mark.lan
def test_the_program_reads_damaged_files_to_their_end(capture_of: CaptureOf, tmp_path: Path) -> None:
    wrong = [
        next(copies(name, capture_of(name).read_bytes(), MUTATIONS[number % len(MUTATIONS)]))
        for number, name in enumerate(SCENES)
    ]
    assert findings(tmp_path / "copies", *wrong)


def findings(folder: Path, *captures: bytes) -> set[tuple[str, str, str]]:
    """Check, variant and MAC of every finding in a run of the program over some captures."""
    folder.mkdir()
    paths = [folder / f"{number}.pcap" for number in range(len(captures))]
    for path, data in zip(paths, captures, strict=True):
        path.write_bytes(data)
    ended = run_iotscan("traffic", *paths, "-o", folder / "out", "--exit-zero", home=folder)
    assert ended.returncode in (0, 3), ended.stderr
    assert "Traceback" not in ended.stderr
    run = read_run("latest", folder / "out")
    assert not [capture for capture in run.captures if "broke off" in capture.problem]
    macs = {device.id: device.mac for device in run.devices}
    return {(r.check, r.variant, macs.get(r.subject.device, "")) for r in run.results if r.is_finding}


@pytest.mark.lan
@pytest.mark.parametrize("name", SCENES)
def test_payload_that_is_nonsense_under_right_checksums_crashes_nothing(capture_of: CaptureOf, name: str) -> None:
    """A device may say anything: here nothing is damaged on the way, and it must still not break a reader."""
    data = capture_of(name).read_bytes()
    for number in range(COPIES):
        ledger = Ledger()
        following = Following(ledger, all_choosers())
        following.read(io.BytesIO(said_wrong(random.Random(f"{name} {number}"), data)), "copy", lambda _: None)
        following.close()
        assert not following.failures
        ledger.settle()
        ledger.observations()
