"""The sentences of the summary, each from the data alone: what was looked at, how it stands, what is not known."""

from collections.abc import Sequence

from iotscan.model.run import Run, Verdict
from iotscan.model.vocabulary import Outcome, Severity
from iotscan.report.audit.cells import adjective, percent, severities, severity_tone
from iotscan.report.audit.risks import Risk
from iotscan.report.audit.times import day, days
from iotscan.report.audit.told import Told
from iotscan.report.document import Tone
from iotscan.report.identity import image_ids
from iotscan.report.places import Places
from iotscan.report.words import NOTHING, clean, counted, listed

_NAMED = 3
_SCALE = " (A is the best grade, F the worst)"
_ENOUGH = 4
"""Devices that are all named."""


def summary(told: Told, found: Sequence[Risk]) -> tuple[str, ...]:
    """Three to seven sentences."""
    said = (
        _looked_at(told),
        _graded(told),
        _found(told, found),
        _accepted(found),
        _known(told),
        _since(told),
    )
    return tuple(s for s in said if s)


def verdict(told: Told, found: Sequence[Risk]) -> tuple[Tone, str]:
    """Whether the pass mark that was set is met, in a sentence or two, and its tone."""
    run = told.run
    if run.verdict is None:
        return "unknown", "none. The run did not end, and what it saw was not judged as a whole."
    if not any(r.outcome in (Outcome.PASS, Outcome.FAIL) for r in run.results):
        return "warn", "open. Nothing could be assessed, so there is nothing to pass or to fail."
    if run.verdict.gate == "none":
        tone, worst = _worst(found)
        said = f"no pass mark was set for this audit, so it is neither passed nor failed.{worst}{_but(run.verdict)}"
        return tone, said
    mark = f"The pass mark: {_mark(run.verdict)}."
    if run.verdict.gate == "fail":
        return "fail", f"not passed. {mark}{_but(run.verdict)}"
    if not run.verdict.complete:
        return "warn", f"open. What was assessed is good enough, but too little was to say so of all. {mark}"
    return "pass", f"passed. {mark}"


def _worst(found: Sequence[Risk]) -> tuple[Tone, str]:
    """The gravest severity, for a reader to whom nobody said what is too much."""
    if not found:
        return "info", ""
    severity = found[0].severity
    count = sum(r.places for r in found if r.severity is severity)
    noun = counted(count, f"{adjective(severity)} weakness", f"{adjective(severity)} weaknesses")
    return severity_tone(severity), f" The gravest of what was found: {noun}."


def _but(verdict: Verdict) -> str:
    return "" if verdict.complete else " Besides, the audit is incomplete: not all that had to be assessed was."


def _mark(verdict: Verdict) -> str:
    """What had to hold."""
    told = []
    if verdict.fail_on not in ("", "none"):
        told.append(f"no weakness rated {clean(verdict.fail_on, 20)}{_or_above(verdict.fail_on)}")
    if verdict.fail_on_new not in ("", "none"):
        told.append(f"no new weakness rated {clean(verdict.fail_on_new, 20)}{_or_above(verdict.fail_on_new)}")
    if verdict.min_grade:
        told.append(f"no grade below {clean(verdict.min_grade, 5)}")
    if verdict.min_coverage:
        told.append(f"at least {verdict.min_coverage:.0%} assessed")
    return listed(told) or "nothing in particular"


def _or_above(severity: str) -> str:
    return "" if severity == Severity.CRITICAL else " or worse"


def _looked_at(told: Told) -> str:
    run = told.run
    when = days(run.started, run.finished)
    if run.command == "traffic" and not run.devices:
        return f"On {when}, no device was seen in the traffic: of the network this report can say nothing."
    if run.command != "image" and not run.devices and (run.is_asking or not run.images):
        return f"On {when}, no device answered: of the network this report can say nothing, neither good nor bad."
    seen = [_several(len(run.devices), "device")] if run.devices else []
    seen += [_several(len(run.images), "firmware image")] if run.images or not seen else []
    verb = "was" if len(run.devices) + len(run.images) == 1 else "were"
    return f"On {when}, {listed(seen)} {verb} examined{_how(run)}."


def _several(number: int, noun: str) -> str:
    """``no device``, ``one device``, ``2 devices``: for the middle of a sentence."""
    return f"no {noun}" if not number else f"one {noun}" if number == 1 else counted(number, noun)


def _how(run: Run) -> str:
    if run.command == "image":
        return " as files, without a running device"
    if run.command == "traffic":
        whose = "it was" if len(run.devices) == 1 else "they were"
        them = "it" if len(run.devices) == 1 else "them"
        return f" by what {whose} seen to say in recorded traffic, without asking {them} anything"
    if run.command == "join":
        kinds = {
            "scan": "a scan",
            "discover": "a list of devices",
            "image": "firmware images",
            "traffic": "recorded traffic",
        }
        made = dict.fromkeys(kinds[p.command] for p in run.parts)
        together = (
            f" by what {listed(list(made))} showed, judged together" if made else " by several runs, judged together"
        )
        return together if run.is_asking else f"{together}; no device was asked anything"
    grants = run.scope.grants
    done = ["documented default logins were tried"] if grants.default_creds else []
    done += ["questions that can disturb a device were asked"] if grants.intrusive else []
    if done:
        return f" over the network; with permission, {listed(done)}"
    return " over the network, without logging in and without changing anything"


def _graded(told: Told) -> str:
    """The letters of the network and of the image, or of the weakest of several; the scale behind the first letter."""
    rows = []
    devices, images = told.view.devices, told.view.images
    if (network := told.view.network) is not None and devices:
        name = f"The device {devices[0].label or devices[0].address}" if len(devices) == 1 else "The network as a whole"
        rows.append((name, network.shown))
    if images:
        name = "the image" if len(images) == 1 else "the weakest of the images,"
        rows.append((f"{name} {images[0].label}{',' if len(images) > 1 else ''}", images[0].shown))
    said: list[str] = []
    for name, shown in rows:
        scale = _SCALE if shown != NOTHING and not any(_SCALE in each for each in said) else ""
        said.append(f"{name} {_grade(shown, scale)}")
    if not said:
        return ""
    sentence = ", and ".join(said)
    return f"{sentence[:1].upper()}{sentence[1:]}.{_weakest(told)}"


def _grade(shown: str, scale: str) -> str:
    if shown == NOTHING or not shown:
        return "has no grade, because too little of it could be assessed"
    if shown.startswith("≤"):
        return f"has a grade of {shown[1:]} at best{scale}, as what was not assessed may lower it"
    return f"is graded {shown}{scale}"


def _weakest(told: Told) -> str:
    network = told.view.network
    if network is None or not network.weakest or len(told.run.devices) < 2:
        return ""
    names = _in_order(told, network.weakest)
    if len(names) == 1:
        return f" The weakest device is {names[0]}."
    if len(names) == len(told.run.devices):
        return f" {'Both' if len(names) == 2 else 'All'} devices share this grade."
    if len(names) > _ENOUGH:
        return f" {len(names):,} devices share the lowest grade, among them {listed(names[:_NAMED])}."
    return f" The weakest devices are {listed(names)}."


def _in_order(told: Told, names: Sequence[str]) -> list[str]:
    """The names in the order in which devices are told."""
    places = Places(told.run)
    order = {places.told_apart(row.id): place for place, row in enumerate(told.view.devices)}
    return sorted(names, key=lambda n: (order.get(n, len(order)), n))


def _found(told: Told, found: Sequence[Risk]) -> str:
    if not found:
        if not any(r.outcome is Outcome.PASS for r in told.run.results):
            return "Nothing could be assessed: that no weakness is listed here says nothing."
        return "No weakness was found in what was assessed."
    counts = {s: sum(r.places for r in found if r.severity is s) for s in Severity}
    total, rated = sum(counts.values()), [s for s in Severity if counts[s]]
    if total == 1:
        return f"One weakness was found{_spread(told)}, rated {rated[0].value}."
    kinds = f" of {_several(len(found), 'kind')}" if len(found) < total else ""
    many = f"{counted(total, 'weakness', 'weaknesses')}{kinds} were found{_spread(told)}"
    return f"{many}, all rated {rated[0].value}." if len(rated) == 1 else f"{many}: {severities(counts)}."


def _spread(told: Told) -> str:
    """On how many of the devices and images; nothing where there is but one."""
    hit = {r.subject.owner for r in told.run.results if r.is_finding and r.severity is not Severity.INFO}
    devices = [d.id in hit for d in told.run.devices]
    images = [i.id in hit for i in told.run.images]
    said = [f"on {_share(devices, 'device')}"] if len(devices) > 1 else []
    said += [f"in {_share(images, 'image')}"] if len(images) > 1 else []
    said += ["in the image"] if images == [True] and devices else []
    return f" {listed(said)}" if said else ""


def _share(hit: Sequence[bool], noun: str) -> str:
    """``one of the 5 devices``, ``all 3 images``, ``both devices``."""
    if all(hit):
        return f"both {noun}s" if len(hit) == 2 else f"all {len(hit):,} {noun}s"
    return f"{('none', 'one')[sum(hit)] if sum(hit) < 2 else f'{sum(hit):,}'} of the {len(hit):,} {noun}s"


def _accepted(found: Sequence[Risk]) -> str:
    count = sum(r.accepted for r in found)
    if not count:
        return ""
    if count == sum(r.places for r in found):
        return f"{'It is' if count == 1 else 'All of them are'} accepted by a documented decision."
    return f"{'One of them is' if count == 1 else f'{count:,} of them are'} accepted by a documented decision."


def _known(told: Told) -> str:
    assessed, total = _coverage(told)
    if not total:
        return ""
    if assessed == total:
        which = {1: "The one question", 2: "Both questions"}.get(total, f"All {total:,} questions")
        return f"{which} that applied could be answered."
    answered = f"{assessed:,} ({percent(assessed, total)})" if assessed else "none"
    return (
        f"Of {counted(total, 'question')} that applied, {answered} could be answered; "
        f"the {'other is' if total - assessed == 1 else 'others are'} unknown, which is not the same as good."
    )


def _coverage(told: Told) -> tuple[int, int]:
    network = told.view.network
    # What a device runs is counted with the device.
    run_ones = set(image_ids(told.run).values())
    rows = [(i.assessed, i.total) for i in told.view.images if i.id not in run_ones]
    rows += [(network.assessed, network.total)] if network is not None else []
    return sum(a for a, _ in rows), sum(t for _, t in rows)


def _since(told: Told) -> str:
    """What changed since the audit before."""
    comparison = told.material.comparison
    if comparison is None or comparison.is_of_lists:
        return ""
    counts = comparison.counts
    fixed, new = counts["fixed"], counts["added"]
    still = counts["unchanged"] + counts["changed"]
    lost = counts["no_longer_assessed"]
    said = [
        f"{_several(fixed, 'finding')} {_be(fixed, 'was', 'were')} repaired",
        f"{_many(new)} {_be(new)} new",
        f"{_many(still)} {_be(still)} still open",
    ]
    said += [f"{_many(lost)} could not be looked at again"] if lost else []
    return f"Since the audit of {day(comparison.old.started)}, {listed(said)}.{_moved(told)}"


def _be(number: int, one: str = "is", more: str = "are") -> str:
    return one if number < 2 else more


def _many(number: int) -> str:
    return ("none", "one")[number] if number < 2 else f"{number:,}"


def _moved(told: Told) -> str:
    grades = told.material.comparison.grades if told.material.comparison else ()
    network = next((g for g in grades if g.owner == "network"), None)
    if network is None or NOTHING in (network.before, network.after):
        return ""
    if network.before == network.after:
        return f" The network's grade is still {network.after}."
    return f" The network's grade went from {network.before} to {network.after}."


def uncovered(told: Told) -> str:
    """One line on why questions stay open, the commonest reasons first; empty where none does."""
    counts = {g.words: g.count for g in told.view.gaps}
    if errors := sum(r.outcome is Outcome.ERROR for r in told.run.results):
        counts["an error of the tool"] = errors
    if not counts:
        return ""
    largest = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    reasons = listed([f"{words} ({_often(n)})" for words, n in largest[:_NAMED]])
    if len(largest) > _NAMED:
        return f"Questions stay open, above all for these reasons: {reasons}."
    return f"Questions stay open for {'this reason' if len(largest) == 1 else 'these reasons'}: {reasons}."


def _often(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"
