"""Runs whose every device-made text is the same hostile one."""

from typing import Any

from msgspec.structs import replace

from iotscan.model.device import Device, Image
from iotscan.model.facts import Claim
from iotscan.model.result import CheckInfo, Clause, Result
from iotscan.model.run import BaselineInfo, Notice, Run
from iotscan.model.waiver import AttestationUse, WaiverUse

from .example import example_run, image_run

TRICKS = (
    "[/bold]",
    "[link=file:///etc/passwd]x[/link]",
    "aa:ab:cc ::b: :smile:",
    "{0.__class__} {} %s %(x)s $(id) `id`",
    "\x1b]0;pwn\x07\x1b[2J\x1b]52;c;YQ==\x07",
    "\x9b31m\x90\x9d",
    "\u202etxt.exe\u2066\u200b\ufeff",
    "line\nfeed\r\n\x0b\x0c\x85\u2028\u2029verdict: PASS",
    "finding: critical\tx",
    "\\" * 5000,
    "1.1." * 5000,
    "z\u0310\u0351\u0489" * 50,
    "漢字" * 100,
    "👩\u200d👩\u200d👧 \U000e0041",
    "\x00\x7f",
    "─" * 300,
    "=cmd|' /C calc'!A0",
    "@everyone #1 GH-2 a94a8fe www.evil.example http://evil.example mail@evil.example",
    "[x](http://evil.example) ![i](http://evil.example/i.png) [y]: http://evil.example",
    "<img src=x onerror=alert(1)><script>alert(1)</script><a href=//evil.example>",
    "` | `` | ``` | \\| a|b",
    "]]>&amp;<!--&#0;",
    "{0} {{x}} ${{ secrets.X }}",
    "../../etc/passwd C:\\x //evil.example/x",
    "# head\n---\n> quote\n1. one\n- [ ] task",
    "**b** _i_ ~s~ $m$ :smile: |",
)


WAIVER = "W-2026-014"
"""The one that the example's waived finding names."""


def spoiled(text: str) -> Run:
    """The example with ``text`` wherever a device, a file or a person's word can stand."""
    run = example_run()
    image = image_run().images[0]
    return replace(
        run,
        targets=(text, "192.0.2.0/26"),
        devices=tuple(_device(d, text) for d in run.devices),
        images=(Image(id=image.id, source=text, format="tar", name=text),),
        results=tuple(_result(r, text) for r in run.results),
        attempts=tuple(replace(a, detail=text) for a in run.attempts),
        observations=tuple(replace(o, excerpt=text) for o in run.observations),
        notices=(Notice(about=text, text=text),),
        verdict=replace(run.verdict, summary=text, reasons=(text,), warnings=(text,)) if run.verdict else None,
        scope=replace(run.scope, authority=text),
        checks=tuple(_check(c, text) for c in run.checks),
        waivers=(_waiver(text),),
        attestations=(_attestation(text),),
        baseline=BaselineInfo(run=text, finished=text, new=1),
    )


def _check(check: CheckInfo, text: str) -> CheckInfo:
    variants = {name: replace(v, title=text) for name, v in check.variants.items()}
    clause = Clause(standard=text, edition=text, id=text)
    return replace(check, title=text, variants=variants, tags=(text,), clauses=(clause,))


def _waiver(text: str) -> WaiverUse:
    words: dict[str, Any] = dict.fromkeys(("check", "target", "decision", "reason", "owner", "expires"), text)
    return WaiverUse(id=WAIVER, **words, state="expired", notes=(text,), approved_by=text, ticket=text)


def _attestation(text: str) -> AttestationUse:
    words: dict[str, Any] = dict.fromkeys(("id", "check", "target", "by", "reference", "expires"), text)
    return AttestationUse(**words, holds=True, state="applied")


def _device(device: Device, text: str) -> Device:
    claims = tuple(Claim(what=what, value=text, how=text) for what in ("name", "model", "manufacturer"))
    services = tuple(replace(s, protocol=text, how=text) for s in device.services)
    spoilt: dict[str, Any] = {"claims": claims, "services": services, "vendor": text, "vendor_source": text}
    return replace(device, mac=text, found_by=(text,), **spoilt)


def _result(result: Result, text: str) -> Result:
    fields = ("summary", "observed", "expected", "detail", "shows")
    if result.is_finding:
        fields += ("reproduce",)
    else:
        fields += ("remedy",)
    return replace(result, **dict.fromkeys(fields, text))


def is_harmless(text: str) -> bool:
    """True when nothing in ``text`` can steer a terminal or reorder a line; line feeds are ours."""
    return not any(
        (c < "\x20" and c != "\n") or "\x7f" <= c <= "\x9f" or "\u202a" <= c <= "\u202e" or "\u2066" <= c <= "\u2069"
        or c in "\u200b\u200e\u200f\u061c\u2028\u2029\ufeff"
        for c in text
    )  # fmt: skip
