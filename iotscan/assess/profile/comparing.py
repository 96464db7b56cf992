"""What a profile comes down to over the checks that there are, and how two of them differ."""

from collections.abc import Iterator

import msgspec

from iotscan.assess.parameters import told
from iotscan.assess.profile.effective import Profile, Where
from iotscan.assess.profile.selecting import matches, required_ids, select, values_by_id
from iotscan.assess.registry import CheckPack
from iotscan.model.parameter import Value
from iotscan.model.vocabulary import Severity


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a profile brings about: ``severity telnet-service/cleartext`` is ``low`` and was ``high``.

    ``before`` is what holds without it, empty where nothing does; ``place`` is the file and line that say so.
    """

    about: str
    now: str
    before: str = ""
    place: str = ""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that two profiles do not say alike; empty where one of them does not say it at all."""

    about: str
    old: str
    new: str


def effects(profile: Profile, pack: CheckPack) -> tuple[Effect, ...]:
    """Everything a profile brings about that a profile without a word would not, in a fixed order.

    Raises BadProfile where it names what there is not.
    """
    return (*_rules(profile), *_checks(profile, pack))


def compare(old: Profile, new: Profile, pack: CheckPack) -> tuple[Difference, ...]:
    """What two profiles bring about differently: selection, requirements, parameters, severities, pace, gate."""
    first, second = ({e.about: e.now for e in effects(p, pack)} for p in (old, new))
    return tuple(
        Difference(about=about, old=first.get(about, ""), new=second.get(about, ""))
        for about in dict.fromkeys((*first, *second))
        if first.get(about) != second.get(about)
    )


def _rules(profile: Profile) -> Iterator[Effect]:
    yield Effect(about="policy", now=profile.policy, place=_at(profile, ("policy",)))
    yield Effect(about="ports", now=profile.ports, place=_at(profile, ("ports",)))
    if profile.may_be_asked:
        yield Effect(about="fragile", now=", ".join(profile.may_be_asked), place=_at(profile, ("fragile",)))
    for key, settings in (("pace", profile.pace), ("gate", profile.gate)):
        for name, value in msgspec.structs.asdict(settings).items():
            if value is not None:
                yield Effect(about=f"{key} {name}", now=_as_written(value), place=_at(profile, (key, name)))


def _as_written(value: object) -> str:
    """A setting as a profile's YAML would say it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _checks(profile: Profile, pack: CheckPack) -> Iterator[Effect]:
    chosen = select(profile, pack)
    required = required_ids(profile, chosen)
    values = values_by_id(profile, chosen)
    for check in chosen:
        word = next((w for w in profile.select.include if matches(w, check)), "")
        place = _at(profile, ("select", "include", word))
        yield Effect(about=f"selects {check.info.id}", now="yes", place=place)
    for check in chosen:
        if check.info.id in required:
            word = next(w for w in profile.required if matches(w, check))
            yield Effect(about=f"requires {check.info.id}", now="yes", place=_at(profile, ("required", word)))
    for check in chosen:
        info, own = check.info, pack.by_id(check.info.id)
        names = (info.id, *info.aliases)
        defaults = told(info)
        for name, value in values[info.id].items():
            if value != defaults[name]:
                place = _named(profile, "values", names, name)
                about = f"sets {info.id} {name}"
                yield Effect(about=about, now=_say(value), before=info.parameters[name].shown, place=place)
        for name, variant in info.variants.items():
            before = own.info.variants[name].severity if own else variant.severity
            if variant.severity is not before:
                place = _named(profile, "severities", names, name)
                yield Effect(
                    about=f"severity {info.id} {name}", now=_weigh(variant.severity), before=before, place=place
                )


def _weigh(severity: Severity) -> str:
    # Told wherever it is shown: an override may take a finding out of the grade, and never out of sight.
    return "info (listed, counts in no grade)" if severity is Severity.INFO else severity.value


def _say(value: Value) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "empty"
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_say([*said] if isinstance(said, list) else said)}" for name, said in value.items())
    return str(value)


def _named(profile: Profile, key: str, names: tuple[str, ...], name: str) -> str:
    """The place of a statement about a check, by whichever of its names it was made; the last one counts."""
    mine = [w for w in profile.places if w[0] == key and w[1].lower() in {n.lower() for n in names}]
    exact = [w for w in mine if len(w) == 2 or w[2] == name]
    return _at(profile, max(exact, key=len)) if exact else ""


def _at(profile: Profile, where: Where) -> str:
    return str(profile.places[where]) if where in profile.places else ""
