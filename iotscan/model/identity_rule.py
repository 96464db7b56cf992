"""What a person knows better of which addresses are one device, as a run remembers it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from iotscan.model.device import Device
from iotscan.model.mac import plain_mac
from iotscan.model.scope import canonical


class IdentityRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``same``: whatever ``of`` names is one device. ``separate``: each sighting that it names stands by itself.

    Words are addresses, MAC addresses and ids of sightings, as :func:`plain_word` writes them. ``unmatched`` are those
    that nothing in the run bears.
    """

    kind: Literal["same", "separate"]
    of: tuple[str, ...]
    reason: str
    file: str = ""
    """Name of the file that says so."""
    unmatched: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.reason} ({self.file})" if self.file else self.reason


def plain_word(word: str) -> str:
    """A word of a rule in the one spelling that compares; empty where it is none of the three kinds."""
    text = word.strip().lower()
    if mac := plain_mac(text):
        return mac
    if text.startswith("dev-"):
        return text if len(text) == 12 and set(text[4:]) <= set("0123456789abcdef") else ""
    try:
        return str(canonical(text))
    except ValueError:
        return ""


def named_by(rules: Sequence[IdentityRule], sightings: Iterable[Device]) -> tuple[tuple[str, ...], ...]:
    """For each rule the ids of the sightings that it names, sorted."""
    bearers = _bearers(rules, sightings)
    return tuple(tuple(sorted({i for word in rule.of for i in bearers.get(word, ())})) for rule in rules)


def settled(rules: Sequence[IdentityRule], sightings: Iterable[Device]) -> tuple[IdentityRule, ...]:
    """The rules, each with the words that nobody here bears."""
    bearers = _bearers(rules, sightings)
    return tuple(
        msgspec.structs.replace(rule, unmatched=tuple(w for w in rule.of if w not in bearers)) for rule in rules
    )


def _bearers(rules: Sequence[IdentityRule], sightings: Iterable[Device]) -> Mapping[str, list[str]]:
    wanted = {word for rule in rules for word in rule.of}
    found: dict[str, list[str]] = {}
    if wanted:
        for sighting in sightings:
            for word in _names(sighting) & wanted:
                found.setdefault(word, []).append(sighting.id)
    return found


def _names(sighting: Device) -> set[str]:
    addresses = {str(canonical(a)) for a in sighting.addresses}
    # An address of a link may be written without its zone where that is plain.
    return addresses | {a.partition("%")[0] for a in addresses} | {sighting.id, plain_mac(sighting.mac)}
