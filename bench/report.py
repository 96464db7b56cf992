"""The audit report of a large network in each format: how long, how much memory, how large, how soon usable.

Each format is written by a process of its own from the stored run, as ``iotscan report`` does it: reading, grading
again for the roadmap, the document, the file. ``python -m bench.report`` measures these alone.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.page import large_run, time_page
from bench.table import Row, milliseconds, show
from iotscan.cli.material import Extras, gather
from iotscan.report.registry import encoded
from iotscan.store.runs import read_run, write_run
from tests.report.browser import browser, why_not

DEVICES = 1000
ODDS = (12, 53, 25, 10)
"""Of a hundred results: failed, passed, not assessed, not applicable. With 163 checks that is 20,000 findings."""
FORMATS = ("html", "pdf", "docx", "md")
SECONDS = 900


def report(env: dict[str, str], home: Path) -> list[Row]:
    """The rows about the report."""
    home.mkdir(parents=True, exist_ok=True)
    run = large_run(DEVICES, odds=ODDS)
    write_run(home, run)
    findings = sum(r.is_finding for r in run.results)
    rows = [
        Row(what=f"{DEVICES:,} devices", measured=f"{findings:,} findings", against=f"{len(run.results):,} results")
    ]
    for name in FORMATS:
        command = [sys.executable, "-m", "bench.report", name, str(home)]
        told = json.loads(subprocess.run(command, env=env, capture_output=True, check=True, timeout=SECONDS).stdout)
        rows.append(
            Row(
                what=name,
                measured=f"{told['seconds']:.1f} s, {told['size'] / 1e6:.1f} MB",
                against=f"to read the run {told['reading']:.1f} s; its parts worked out {told['material']:.1f} s",
                ratio=f"{told['peak'] / 1e6:.0f} MB at most, {told['before'] / 1e6:.0f} MB before",
            )
        )
    return [*rows, *_opened(home)]


def _opened(home: Path) -> Iterator[Row]:
    if reason := why_not():
        yield Row(what="in a browser", measured="not measured", against=reason)
        return
    with browser(home / "chromium") as chromium:
        times = [time_page(chromium, home / "report.html") for _ in range(3)]
    for place, what in enumerate(("interactive after", "loaded after", "filter over all findings")):
        yield Row(what=what, measured=milliseconds(sorted(t[place] for t in times)[1] / 1000))


def _write(name: str, home: Path) -> None:
    """One format, measured, as JSON to standard output."""
    began = time.perf_counter()
    run = read_run(str(home), home)
    read = time.perf_counter()
    before = _peak()
    material = gather(run, Extras(), run, lambda told, _: told)
    gathered = time.perf_counter()
    made = encoded(run, name, material)
    done = time.perf_counter()
    (home / f"report.{name}").write_bytes(made)
    told = {
        "reading": read - began,
        "material": gathered - read,
        "seconds": done - gathered,
        "size": len(made),
        "before": before,
        "peak": _peak(),
    }
    print(json.dumps(told))


def _peak() -> int:
    """Bytes: of this process (proc(5); what rusage tells begins with its parent's), or of a child that took more."""
    status = Path("/proc/self/status").read_text()
    own = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return 1024 * max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        _write(sys.argv[1], Path(sys.argv[2]))
    else:
        import os

        with tempfile.TemporaryDirectory(prefix="iotscan-bench-") as folder:
            show("the audit report of a large network", report(dict(os.environ), Path(folder)))
