"""The HTML page of a large network: how big, how long to write against JSON, how long until a browser can use it."""

import random
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from statistics import median

from bench.table import Row, milliseconds, times
from iotscan.assess.grading import grade
from iotscan.assess.registry import load_checks
from iotscan.model.device import Device, Service
from iotscan.model.facts import Claim
from iotscan.model.result import CheckInfo, Result, fingerprint
from iotscan.model.run import Cost, ProfileInfo, Run, Tool, Verdict
from iotscan.model.scope import Scope
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Outcome, Reason
from iotscan.report.registry import write
from tests.report.browser import Browser, browser, why_not

DEVICES = 500
TURNS = 3
MOST_BYTES = 15_000_000
_ENDS = (Outcome.FAIL, Outcome.PASS, Outcome.NOT_ASSESSED, Outcome.NOT_APPLICABLE)
_ODDS = (20, 45, 25, 10)
_REASONS = (Reason.TIMEOUT, Reason.CONSENT, Reason.NEEDS_IMAGE, Reason.DEADLINE)
_TIMING = "const t = performance.getEntriesByType('navigation')[0]; return [t.domInteractive, t.loadEventEnd]"
_SIFT = (
    "const done = arguments[0], text = document.querySelector('.filter [name=text]'), began = performance.now();"
    "text.value = 'device-77 tls'; text.dispatchEvent(new Event('input', {bubbles: true}));"
    "setTimeout(() => done(performance.now() - began - 120), 120)"
)


def large_run(devices: int = DEVICES, *, seed: int = 3, odds: tuple[int, ...] = _ODDS) -> Run:
    """``devices`` made-up devices, each with a result of every shipped check; ``odds`` are those of its outcomes."""
    dice = random.Random(seed)
    checks = [c.info for c in load_checks().checks]
    owners = [_device(number) for number in range(devices)]
    results = tuple(_results(owners, checks, dice, odds))
    return Run(
        id="20261122T180000Z-000000",
        tool=Tool(version="0"),
        status="complete",
        command="scan",
        started="2026-11-22T18:00:00Z",
        finished="2026-11-22T18:30:00Z",
        as_of="2026-11-22T18:00:00Z",
        targets=("10.0.0.0/16",),
        scope=Scope(include=("10.0.0.0/16",), authority="measurement"),
        scope_sha256="0" * 64,
        profile=ProfileInfo(id="default", version="1"),
        checks=tuple(checks),
        devices=tuple(owners),
        results=results,
        grades=grade(results, owners, ()),
        verdict=Verdict(complete=True, gate="fail", fail_on="high", exit_code=1, summary="made up"),
        costs={d.id: Cost(attempts=1024, connections=20) for d in owners},
    )


def _device(number: int) -> Device:
    return Device(
        id=f"dev-{number:08x}",
        addresses=(f"10.0.{number // 250}.{number % 250 + 1}",),
        vendor="Example Devices",
        claims=(Claim(what="name", value=f"device-{number}", how="mdns"), Claim(what="model", value="X-1", how="mdns")),
        services=tuple(Service(transport="tcp", port=p, protocol="https") for p in (443, 8443)),
    )


def _results(
    owners: Iterable[Device], checks: list[CheckInfo], dice: random.Random, odds: tuple[int, ...]
) -> Iterator[Result]:
    for device in owners:
        subject = Subject(device=device.id, address=device.address, service="tcp/443")
        for check in checks:
            outcome = dice.choices(_ENDS, odds)[0]
            variant = dice.choice(list(check.variants)) if outcome is Outcome.FAIL else ""
            yield Result(
                check=check.id,
                element=check.element,
                outcome=outcome,
                subject=subject,
                severity=check.variants[variant].severity if variant else check.severity,
                variant=variant,
                summary=f"what {device.id} says of {check.id}",
                observed=f"value {dice.randrange(1000)}",
                expected="what should be",
                reproduce=f"openssl s_client -connect {device.address}:443 -tls1 </dev/null" if variant else "",
                reason=dice.choice(_REASONS) if outcome is Outcome.NOT_ASSESSED else None,
                fingerprint=fingerprint(check.id, variant, device.id, "tcp/443"),
            )


def page(home: Path) -> list[Row]:
    """The rows about the page."""
    run = large_run()
    file = home / "large.html"
    file.write_text(write(run, "html"), encoding="utf-8")
    html, json = (_fastest(lambda f=f: write(run, f)) for f in ("html", "json"))
    size, size_of_json = file.stat().st_size, len(write(run, "json").encode())
    rows = [
        Row(
            what=f"write {len(run.results):,} results",
            measured=milliseconds(html),
            against=f"JSON {milliseconds(json)}",
            ratio=times(html, json),
        ),
        Row(
            what="size",
            measured=f"{size / 1e6:.1f} MB",
            against=f"JSON {size_of_json / 1e6:.1f} MB",
            ratio=times(size, size_of_json),
            target=f"<= {MOST_BYTES / 1e6:.0f} MB",
        ),
    ]
    if reason := why_not():
        return [*rows, Row(what="in a browser", measured="not measured", against=reason)]
    small = home / "small.html"
    small.write_text(write(large_run(12), "html"), encoding="utf-8")
    with browser(home / "chromium") as chromium:
        return [*rows, *_opened(chromium, file, small)]


def _opened(chromium: Browser, large: Path, small: Path) -> Iterator[Row]:
    big, little = ([time_page(chromium, file) for _ in range(TURNS)] for file in (large, small))
    for place, what in enumerate(("interactive after", "loaded after", "filter over all findings")):
        one, other = (median(timing[place] for timing in timings) / 1000 for timings in (big, little))
        yield Row(
            what=what, measured=milliseconds(one), against=f"12 devices {milliseconds(other)}", ratio=times(one, other)
        )


def time_page(chromium: Browser, file: Path) -> tuple[float, float, float]:
    """Milliseconds until the page is interactive, until it is loaded, and for one search."""
    chromium.open(file)
    interactive, loaded = chromium.run(_TIMING)
    return interactive, loaded, chromium.driver.execute_async_script(_SIFT)


def _fastest(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(TURNS):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best
