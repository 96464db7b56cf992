"""A profile held against the checks that there are: which it takes, which it requires, what it sets for each.

The words: an id, an alias, a glob over both (``tls-*``), ``element:keys``, ``tag:tls``, ``severity:high`` (every
check that can fail with high or worse, by its own severities), ``clause:ETSI EN 303 645`` (every check with a
clause of that standard; globs, also over ``STANDARD ID``). A word that names nothing is an error; an element, tag or
severity that exists and that no check has is none.
"""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

import msgspec

from iotscan.assess.check import Check
from iotscan.assess.parameters import misfit
from iotscan.assess.profile.effective import BadProfile, Profile, Selection, Severities
from iotscan.assess.registry import CheckPack
from iotscan.data.typed_yaml import nearest, shown
from iotscan.model.parameter import Value
from iotscan.model.result import CheckInfo, VariantInfo
from iotscan.model.vocabulary import TAGS, Element, Severity

_VOCABULARIES: Mapping[str, tuple[str, ...]] = {
    "element": tuple(Element),
    "tag": tuple(TAGS),
    "severity": tuple(Severity),
}


def narrow(profile: Profile, include: Sequence[str], exclude: Sequence[str]) -> Profile:
    """The profile with a selection of the moment: only ``include`` (where given), without ``exclude``.

    Words are as in a profile. A required check that falls out is no longer required.
    """
    return msgspec.structs.replace(profile, moment=Selection(include=tuple(include) or ("*",), exclude=tuple(exclude)))


def select(profile: Profile, pack: CheckPack) -> tuple[Check, ...]:
    """The checks that a profile runs, sorted by id, with the severities that it gives them.

    Raises :class:`BadProfile`, see :func:`check_words`.
    """
    check_words(profile, pack)
    taken = (c for c in pack.checks if _takes(profile.select, c) and _takes(profile.moment, c))
    return tuple(msgspec.structs.replace(c, info=_judged(c.info, profile.severities)) for c in taken)


def check_words(profile: Profile, pack: CheckPack) -> None:
    """Raise :class:`BadProfile` where a profile names what there is not, sets what does not fit, or requires what it
    does not select: with file, line and the nearest right word.
    """
    for key, words in (("include", profile.select.include), ("exclude", profile.select.exclude)):
        for word in words:
            _require_known(word, pack, profile.place("select", key, word))
    for word in (*profile.moment.include, *profile.moment.exclude):
        _require_known(word, pack, "")
    for word in profile.required:
        place = profile.place("required", word)
        _require_known(word, pack, place)
        if not any(_takes(profile.select, check) for check in pack.checks if matches(word, check)):
            raise BadProfile(f"{place}'{shown(word)}' is required, but select leaves it out")
    for standard in profile.maps_to:
        _require_known(f"clause:{standard}", pack, profile.place("maps_to", standard))
    for values in profile.values:
        for word, given in values.items():
            _check_values(profile, pack, word, given)
    for severities in profile.severities:
        for word, wanted in severities.items():
            _check_severities(profile, pack, word, wanted)


def required_ids(profile: Profile, checks: Iterable[Check]) -> tuple[str, ...]:
    """The ids of the selected checks that the profile requires, sorted."""
    return tuple(sorted(c.info.id for c in checks if any(matches(word, c) for word in profile.required)))


def values_by_id(profile: Profile, checks: Iterable[Check]) -> dict[str, dict[str, Value]]:
    """The values of single checks under their ids (aliases resolved)."""
    found: dict[str, dict[str, Value]] = {}
    for check in checks:
        given = found.setdefault(check.info.id, {})
        for values in profile.values:
            for word, more in values.items():
                if _is_named(word, check):
                    given.update(more)
    return found


def matches(word: str, check: Check) -> bool:
    """True when a word of a selection takes a check."""
    prefix, _, rest = word.partition(":")
    info = check.info
    if prefix == "element":
        return rest == info.element
    if prefix == "tag":
        return rest in info.tags
    if prefix == "severity":
        return rest in set(Severity) and info.severity.rank >= Severity(rest).rank
    if prefix == "clause":
        names = {name.lower() for c in info.clauses for name in (c.standard, f"{c.standard} {c.id}", str(c))}
        return any(fnmatchcase(name, rest.lower()) for name in names)
    return any(fnmatchcase(name.lower(), word.lower()) for name in (info.id, *info.aliases))


def _takes(selection: Selection, check: Check) -> bool:
    def names(words: Iterable[str]) -> bool:
        return any(matches(word, check) for word in words)

    return names(selection.include) and not names(selection.exclude)


def _require_known(word: str, pack: CheckPack, place: str) -> None:
    prefix, _, rest = word.partition(":")
    known = _VOCABULARIES.get(prefix, ())
    if word == "*" or rest in known or any(matches(word, check) for check in pack.checks):
        return
    if known:
        near = nearest(word, [f"{prefix}:{name}" for name in known])
        raise BadProfile(f"{place}there is no {prefix} '{shown(word)}'{near}")
    if prefix == "clause":
        standards = sorted({clause.standard for check in pack.checks for clause in check.info.clauses})
        raise BadProfile(f"{place}no check has a clause of '{shown(rest)}'{nearest(rest, standards)}")
    raise BadProfile(f"{place}there is no check '{shown(word)}'{nearest(word, _names(pack))}")


def _named(profile: Profile, pack: CheckPack, word: str, key: str) -> CheckInfo:
    """The check that a key of ``values`` or ``severities`` names by id or alias."""
    check = pack.by_id(word)
    if check is None:
        raise BadProfile(f"{profile.place(key, word)}there is no check '{shown(word)}'{nearest(word, _names(pack))}")
    return check.info


def _check_values(profile: Profile, pack: CheckPack, word: str, given: Mapping[str, Value]) -> None:
    info = _named(profile, pack, word, "values")
    for name, value in given.items():
        place = profile.place("values", word, name)
        parameter = info.parameters.get(name)
        if parameter is None:
            known = nearest(name, tuple(info.parameters)) if info.parameters else ": it has none"
            raise BadProfile(f"{place}{info.id} has no parameter '{shown(name)}'{known}")
        expected = misfit(parameter.kind, value)
        if expected:
            raise BadProfile(f"{place}'{name}' of {info.id} does not fit: {expected}")


def _check_severities(profile: Profile, pack: CheckPack, word: str, wanted: Severity | dict[str, Severity]) -> None:
    info = _named(profile, pack, word, "severities")
    for variant in wanted if isinstance(wanted, dict) else ():
        if variant not in info.variants:
            place = profile.place("severities", word, variant)
            raise BadProfile(
                f"{place}{info.id} has no variant '{shown(variant)}'{nearest(variant, tuple(info.variants))}"
            )


def _judged(info: CheckInfo, layers: Sequence[Severities]) -> CheckInfo:
    """A check's metadata with the severities that the layers give its variants, the last one winning."""
    names = {name.lower() for name in (info.id, *info.aliases)}
    severities = {name: variant.severity for name, variant in info.variants.items()}
    for layer in layers:
        for word, wanted in layer.items():
            if word.lower() in names:
                severities |= wanted if isinstance(wanted, dict) else dict.fromkeys(severities, wanted)
    variants = {name: VariantInfo(severity=severities[name], title=v.title) for name, v in info.variants.items()}
    return msgspec.structs.replace(info, variants=variants)


def _is_named(word: str, check: Check) -> bool:
    return word.lower() in {name.lower() for name in (check.info.id, *check.info.aliases)}


def _names(pack: CheckPack) -> list[str]:
    return [name for check in pack.checks for name in (check.info.id, *check.info.aliases)]
