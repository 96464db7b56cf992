"""The rows about a whole posture, with log-ins and without, beside the chain, in one run."""

from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench.posture.chain import Chain
from bench.posture.marks import Posture
from bench.posture.ours import Scanned, scan
from bench.posture.stage import stage
from bench.table import Row, times
from tests.lan.network import why_not
from tests.questions.lan import tools

TURNS = 3
CREDENTIALS = "--default-creds"


def posture(home: Path) -> list[Row]:
    """The rows, or one that says why there are none."""
    if reason := why_not(tools()):
        return [Row(what="the LAN", measured="not measured", against=reason)]
    granted: list[Scanned] = []
    plain: list[Scanned] = []
    for turn in range(TURNS):
        with stage(home / f"lan-{turn}") as lan:
            plain.append(scan(lan, home / f"plain-{turn}"))
            granted.append(scan(lan, home / f"granted-{turn}", CREDENTIALS))
            if turn + 1 == TURNS:
                again = scan(lan, home / f"granted-{turn}", CREDENTIALS, "--since", str(granted[turn].folder))
    with stage(home / "lan-misbehaving", misbehaving=True) as lan:
        beside = scan(lan, home / "misbehaving", CREDENTIALS)
    with stage(home / "lan-chain") as lan:
        chain = Chain(lan, home / "chain")
        theirs = chain.run()
    ours, quick = middle(granted), middle(plain)
    return [
        *_compared(ours, quick, theirs),
        *_ours(ours, beside),
        *_since(ours, again),
        *_chain(chain),
    ]


def middle(scans: list[Scanned]) -> Scanned:
    """The scan that took the median of the time."""
    wanted = median(s.watched.seconds for s in scans)
    return min(scans, key=lambda s: abs(s.watched.seconds - wanted))


def _compared(ours: Scanned, quick: Scanned, theirs: Posture) -> Iterator[Row]:
    both = ((ours.posture.seconds, theirs.seconds), (quick.posture.seconds, theirs.without_logins))
    for what, target, (one, other) in zip(("with log-ins", "without"), (">= 10x", ">= 20x"), both, strict=True):
        against = f"chain {other:.1f} s"
        yield Row(what=what, measured=f"{one:.1f} s", against=against, ratio=times(other, one), target=target)
    pairs = {
        "services": (ours.posture.found(), theirs.found(), "more than the chain"),
        "default logins": (ours.posture.claims(), theirs.claims(), "0 false"),
        "harmed": (ours.posture.harmed(), theirs.harmed(), "nobody"),
    }
    for what, (one_says, other_says, target) in pairs.items():
        yield Row(what=what, measured=one_says, against=f"chain {other_says}", target=target)


def _ours(ours: Scanned, beside: Scanned) -> Iterator[Row]:
    conversations, packets = ours.most()
    most = max(ours.posture.packets.values())
    yield Row(
        what="a device saw of us at most",
        measured=f"{conversations} conversations, {packets} packets",
        against=f"port sweep included {most}",
        target="<= 40, <= 500",
    )
    yield Row(what="first finding", measured=f"{ours.posture.first_finding:.1f} s", target="<= 2 s")
    yield Row(what="whole LAN", measured=f"{ours.posture.seconds:.1f} s", target="< 17 s")
    yield Row(
        what="with a dozen that misbehave",
        measured=f"{beside.posture.seconds:.1f} s",
        against=f"without {ours.posture.seconds:.1f} s",
        ratio=times(beside.posture.seconds, ours.posture.seconds),
        target="<= 1.5x",
    )


def _since(ours: Scanned, again: Scanned) -> Iterator[Row]:
    differ = f"{len(verdicts(ours) ^ verdicts(again))} results differ"
    yield Row(
        what="scanned --since",
        measured=f"{again.conversations} conversations, {again.packets} packets, {again.posture.seconds:.1f} s",
        against=f"{ours.conversations}, {ours.packets}, {ours.posture.seconds:.1f} s; {differ}",
        ratio=times(again.conversations, ours.conversations),
        target="<= 0.2x",
    )


def verdicts(scanned: Scanned) -> set[tuple[str, ...]]:
    """All that a scan judged."""
    results = scanned.run.results
    return {(r.check, r.variant, r.outcome, r.subject.address, r.subject.service, r.reason or "") for r in results}


def _chain(chain: Chain) -> Iterator[Row]:
    for step in chain.steps:
        yield Row(what=f"  {step.name}", measured=f"{step.seconds:.1f} s", against=f"a device saw {step.most()}")
    for tool in sorted(chain.missing):
        yield Row(what=f"  {tool}", measured="left out", against="not installed")
