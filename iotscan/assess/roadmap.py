"""Which changes lift a grade, in which order: "these four changes lift the network from D to B". Pure.

A change is one check repaired wherever it failed: a person turns one kind of switch on many devices. From letter to
letter the fewest changes come first that reach it; what each reaches is what grading again gives once it and all before
it are done. Open questions stay open: a grade that is an interval stays one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal

from iotscan.assess.grading import NETWORK
from iotscan.assess.images_run import images_of_devices
from iotscan.assess.ledger import Key, Ledger
from iotscan.assess.repairs import room
from iotscan.assess.standing import Standing, gather_standings, most_severe, with_images
from iotscan.model.actor import actor
from iotscan.model.device import Device
from iotscan.model.grade import LETTERS
from iotscan.model.material import Roadmap, Step
from iotscan.model.result import CheckInfo
from iotscan.model.run import Run
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Severity

_EFFORTS: Final = ("low", "medium", "high")
_AT_ONCE: Final = 5
"""As many changes a sentence promises something of, if they reach anything."""
_NUMBERS: Final = ("", "This one change lifts", "These two changes lift", "These three changes lift",
                   "These four changes lift", "These five changes lift")  # fmt: skip
_PHASES: Final[Mapping[Severity, Literal["P1", "P2", "P3"]]] = {
    Severity.CRITICAL: "P1",
    Severity.HIGH: "P1",
    Severity.MEDIUM: "P2",
    Severity.LOW: "P3",
    Severity.INFO: "P3",
}


def roadmaps(run: Run) -> tuple[Roadmap, ...]:
    """The network's roadmap and each image's; none where nothing failed that counts."""
    runs = images_of_devices(run.observations)
    standings = with_images(gather_standings(run.results), runs)
    known = {c.id: c for c in run.checks}
    devices = {d.id: d for d in run.devices}
    made = [_roadmap(NETWORK, "the network", {d: standings.get(d, ()) for d in devices}, known, devices)]
    for image in run.images:
        name = f"the image {safe_text(image.name or image.source, 60)}"
        made.append(_roadmap(image.id, name, {image.id: standings.get(image.id, ())}, known, {}))
    return tuple(m for m in made if m.steps)


def _roadmap(
    owner: str,
    name: str,
    owned: Mapping[str, Sequence[Standing]],
    known: Mapping[str, CheckInfo],
    devices: Mapping[str, Device],
) -> Roadmap:
    ledger = Ledger(owned, are_devices=owner == NETWORK)
    shown = ledger.shown
    fails = dict(ledger.fails)
    steps: list[Step] = []
    for check in _order(ledger, known):
        ledger.repair(check)
        steps.append(_step(check, [s for _, s in fails[check]], fails[check], known.get(check), devices, ledger.shown))
    return Roadmap(owner=owner, shown=shown, steps=tuple(steps), sentence=_sentence(name, shown, steps))


def _order(ledger: Ledger, known: Mapping[str, CheckInfo]) -> Iterator[str]:
    """Checks in the order in which they are repaired; each has to be, before the next one is asked for."""
    while ledger.fails:
        yield from _next_letter(ledger, known)


def _next_letter(ledger: Ledger, known: Mapping[str, CheckInfo]) -> tuple[str, ...]:
    """The fewest checks whose repair reaches the next letter, gravest first."""
    target = LETTERS[LETTERS.index(ledger.best) - 1]
    rooms = {severity: room(severity, target) for severity in Severity}
    touched = {check: _limited(found, rooms) for check, found in ledger.fails.items()}
    excess = Counter(place for places in touched.values() for place in places)
    excess.subtract({place: rooms[place[1]] or 0 for place in excess})
    ranked = sorted(touched, key=lambda c: (_effort(known.get(c)), c))
    # Of a severity of which the letter allows none, nothing is left to choose.
    chosen = [c for c in ranked if any(rooms[severity] == 0 for _, severity in touched[c])]
    ranked = [c for c in ranked if c not in chosen]
    for check in chosen:
        excess.subtract(touched[check])
    while any(n > 0 for n in excess.values()):
        best = max(ranked, key=lambda c: sum(excess[p] > 0 for p in touched[c]))
        ranked.remove(best)
        chosen.append(best)
        excess.subtract(touched[best])
    for check in reversed(tuple(chosen)):
        # A later choice may have made an earlier one needless.
        if all(excess[p] < 0 for p in touched[check]):
            chosen.remove(check)
            excess.update(touched[check])
    return tuple(sorted(chosen, key=lambda c: _urgency(c, ledger.fails[c], known.get(c))))


def _limited(
    found: Iterable[tuple[Key, Standing]], rooms: Mapping[Severity, int | None]
) -> tuple[tuple[Key, Severity], ...]:
    """The elements that a check's fails weigh on with a severity that the letter wanted limits."""
    return tuple((key, standing.weighs) for key, standing in found if rooms[standing.weighs] is not None)


def _urgency(check: str, found: Sequence[tuple[Key, Standing]], info: CheckInfo | None) -> tuple[object, ...]:
    worst = most_severe(r for _, s in found for r in s.fails)
    return -worst.rank, -len(found), _effort(info), check


def _effort(info: CheckInfo | None) -> int:
    word = info.effort if info else ""
    return _EFFORTS.index(word) if word in _EFFORTS else len(_EFFORTS)


def _step(
    check: str,
    standings: Sequence[Standing],
    found: Sequence[tuple[Key, Standing]],
    info: CheckInfo | None,
    devices: Mapping[str, Device],
    reaches: str,
) -> Step:
    owners = sorted({key[0] for key, _ in found})
    worst = most_severe(r for s in standings for r in s.fails)
    return Step(
        check=check,
        title=info.title if info else check,
        severity=worst.value,
        findings=tuple(sorted(r.fingerprint for s in standings for r in s.fails)),
        owners=tuple(owners),
        effort=info.effort if info else "",
        by=actor(info, [devices[o] for o in owners if o in devices]),
        phase=_PHASES[worst],
        reaches=reaches,
    )


def _sentence(name: str, shown: str, steps: Sequence[Step]) -> str:
    """What the first few changes reach, else how many it takes to reach anything; empty where nothing is reached."""
    lifted = [(n, s.reaches) for n, s in enumerate(steps, start=1) if _is_better(s.reaches, shown)]
    near = [each for each in lifted if each[0] <= _AT_ONCE]
    if not lifted:
        return ""
    number, reached = min(near or lifted[:1], key=lambda each: (_rank(each[1]), each[0]))
    changes = _NUMBERS[number] if number < len(_NUMBERS) else f"These {number} changes lift"
    # What nobody looked at may still be as bad as before.
    at_best = f"{reached[1:]} at best ({reached})" if reached.startswith("≤") else reached
    return f"{changes} {name} from {shown} to {at_best}."


def _is_better(reached: str, shown: str) -> bool:
    return _rank(reached) < _rank(shown)


def _rank(shown: str) -> int:
    """0 for A; what is no letter is no better than any."""
    return LETTERS.index(shown[-1]) if shown[-1:] in LETTERS else len(LETTERS)
