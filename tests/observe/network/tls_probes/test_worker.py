"""A worker answers, is killed when it is late, and never outlives us."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.observe import worker_protocol as protocol
from iotscan.observe.network.workers.worker import Worker, WorkerBroke, WorkerRefused, WorkerTimedOut
from iotscan.observe.worker_protocol import BadFrame, Request, Response

ROOT = Path(__file__).parents[4]
JUNK = {"do": "trust", "certificates": ["AAAA"]}
RESUME: dict[str, Any] = {
    "do": "finish",
    "version": "TLSv1.2",
    "proxy": {"host": "127.0.0.1", "port": 1, "user": "", "password": ""},
    "host": "127.0.0.1",
    "port": 1,
    "server_name": "",
    "resume": "nobody",
}
PRELUDE = "import sys, os, time\nfrom iotscan.observe.worker_protocol import *\n"


def scripted(folder: Path, body: str) -> Worker:
    """A worker that runs these lines in place of sslyze's."""
    script = folder / "worker.py"
    script.write_text(PRELUDE + body)
    worker = Worker()
    worker._command = (sys.executable, str(script))
    return worker


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_until_gone(pid: int) -> None:
    until = time.monotonic() + 10
    while alive(pid):
        assert time.monotonic() < until, "the worker is still there"
        time.sleep(0.02)


def pid_of(worker: Worker) -> int:
    assert worker._process is not None
    return worker._process.pid


def test_it_starts_with_the_first_job_and_stays() -> None:
    async def go() -> int:
        async with Worker() as worker:
            assert worker._process is None
            await worker.call(JUNK, seconds=20)
            first = pid_of(worker)
            assert (await worker.call(JUNK, seconds=20))["trust"]["is_trusted"] is None
            assert pid_of(worker) == first
            return first

    wait_until_gone(anyio.run(go))


def test_a_job_that_cannot_be_done_is_said_so() -> None:
    async def go() -> None:
        async with Worker() as worker:
            with pytest.raises(WorkerRefused, match="no such job"):
                await worker.call({"do": "nothing"}, seconds=20)
            with pytest.raises(WorkerRefused, match="replaced in between"):
                await worker.call(RESUME, seconds=20)
            with pytest.raises(WorkerRefused, match="KeyError"):
                await worker.call({}, seconds=20)
            assert (await worker.call(JUNK, seconds=20))["trust"]["is_trusted"] is None

    anyio.run(go)


def test_another_scope_is_refused() -> None:
    async def go() -> None:
        async with Worker(scope="abc") as worker:
            await worker.call(JUNK, seconds=20)
            worker._scope = "def"
            with pytest.raises(WorkerRefused, match="scope"):
                await worker.call(JUNK, seconds=20)

    anyio.run(go)


def test_a_late_job_kills_the_whole_group_and_the_next_starts_anew(tmp_path: Path) -> None:
    note = "open({!r}, 'w').write(str(os.getpid()))"
    pid, child = (note.format(str(tmp_path / name)) for name in ("pid", "child"))
    body = f"{pid}\nif not os.fork():\n    {child}\ntime.sleep(60)\n"

    async def go() -> None:
        async with scripted(tmp_path, body) as worker:
            with pytest.raises(WorkerTimedOut):
                await worker.call(JUNK, seconds=2)
            assert worker._process is None
            worker._command = Worker()._command
            assert (await worker.call(JUNK, seconds=20))["trust"]["is_trusted"] is None

    anyio.run(go)
    for name in ("pid", "child"):
        wait_until_gone(int((tmp_path / name).read_text()))


def test_it_makes_way_for_a_new_one_after_so_many_jobs() -> None:
    async def go() -> tuple[int, int]:
        async with Worker(jobs=2) as worker:
            await worker.call(JUNK, seconds=20)
            first = pid_of(worker)
            await worker.call(JUNK, seconds=20)
            assert worker._process is None
            await worker.call(JUNK, seconds=20)
            return first, pid_of(worker)

    first, second = anyio.run(go)
    assert first != second
    wait_until_gone(first)


GROWING = """
held = []
while head := sys.stdin.buffer.read(4):
    asked = unpack(sys.stdin.buffer.read(frame_length(head)), Request)
    held.append(b"x" * asked.job.get("bytes", 0))
    os.write(1, pack(Response(id=asked.id, result={"pid": os.getpid()})))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system does not tell how large a process is")
def test_one_that_grew_is_replaced_between_two_jobs(tmp_path: Path) -> None:
    async def go() -> list[int]:
        async with scripted(tmp_path, GROWING) as worker:
            worker._memory = 100 << 20
            jobs: list[dict[str, Any]] = [{}, {"bytes": 1 << 20}, {"bytes": 120 << 20}, {}]
            return [(await worker.call(job, seconds=20))["pid"] for job in jobs]

    first, same, last, new = anyio.run(go)
    assert first == same == last != new
    wait_until_gone(last)


def test_one_that_hangs_in_a_handshake_is_killed_and_the_next_job_is_done() -> None:
    """A server that accepts and says nothing, asked by the real worker with less time than its own clock."""

    async def go() -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            job = {**RESUME, "resume": "", "proxy": {**RESUME["proxy"], "port": port}}
            async with Worker() as worker:
                await worker.call(JUNK, seconds=20)
                hanging = pid_of(worker)
                with pytest.raises(WorkerTimedOut):
                    await worker.call(job, seconds=0.5)
                assert (await worker.call(JUNK, seconds=20))["trust"]["is_trusted"] is None
                assert pid_of(worker) != hanging
        wait_until_gone(hanging)

    anyio.run(go)


@pytest.mark.parametrize(
    "body",
    [
        "sys.exit(3)",
        "os.write(1, b'hello world, this is no frame')",
        "os.write(1, HEAD.pack(FRAME_CAP + 1))",
        "os.write(1, HEAD.pack(2) + b'{}'); time.sleep(60)",
        "os.write(1, pack(Response(id=99, result={}))); time.sleep(60)",
        "os.write(1, pack(Response(id=1, result={}, version=2))); time.sleep(60)",
    ],
)
def test_one_that_dies_or_talks_nonsense_broke(tmp_path: Path, body: str) -> None:
    async def go() -> None:
        async with scripted(tmp_path, body) as worker:
            with pytest.raises(WorkerBroke):
                await worker.call(JUNK, seconds=20)
            assert worker._process is None

    anyio.run(go)


def test_a_cancelled_job_leaves_no_half_answer_behind(tmp_path: Path) -> None:
    async def go() -> None:
        async with scripted(tmp_path, "time.sleep(60)") as worker:
            with anyio.move_on_after(0.3) as scope:
                await worker.call(JUNK, seconds=20)
            assert scope.cancelled_caught
            assert worker._process is None

    anyio.run(go)


def test_who_waits_for_it_knows_when(tmp_path: Path) -> None:
    """The device's clock stands for that time, and for that alone."""
    told: list[str] = []

    @contextlib.contextmanager
    def waiting() -> Iterator[None]:
        told.append("waits")
        yield
        told.append("has it")

    async def go() -> None:
        async with scripted(tmp_path, GROWING) as worker, anyio.create_task_group() as group:
            await worker._busy.acquire()
            group.start_soon(partial(worker.call, {}, seconds=20, waiting=waiting()))
            await anyio.wait_all_tasks_blocked()
            assert told == ["waits"]
            worker._busy.release()
        assert told == ["waits", "has it"]

    anyio.run(go)


def test_our_environment_stays_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://198.51.100.1:1")
    monkeypatch.setenv("IOTSCAN_PASSWORD", "secret")

    async def go() -> dict[str, object]:
        async with scripted(
            tmp_path, "os.write(1, pack(Response(id=1, result=dict(os.environ)))); time.sleep(60)"
        ) as worker:
            return await worker.call(JUNK, seconds=20)

    assert {k for k in anyio.run(go) if not k.startswith("LC_")} == {"PATH", "LANG", "PYTHONPATH"}


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is of Linux")
def test_it_dies_with_us_even_where_we_are_killed() -> None:
    program = (
        "import anyio\nfrom iotscan.observe.network.workers.worker import Worker\n"
        "async def go():\n  w = Worker()\n  await w.call({'do': 'trust', 'certificates': ['AAAA']}, seconds=20)\n"
        "  print(w._process.pid, flush=True)\n  await anyio.sleep(60)\nanyio.run(go)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=ROOT)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert alive(child)
    os.kill(parent.pid, signal.SIGKILL)
    parent.communicate()
    wait_until_gone(child)


@given(st.binary(max_size=60))
def test_no_frame_raises_anything_but_bad_frame(body: bytes) -> None:
    with contextlib.suppress(BadFrame):
        protocol.unpack(body, Request)
    with contextlib.suppress(BadFrame):
        protocol.unpack(body, Response)


def test_a_message_beyond_the_cap_is_not_sent() -> None:
    with pytest.raises(BadFrame):
        protocol.pack(Response(id=1, result={"x": "y" * protocol.FRAME_CAP}))
