"""Update artefacts, and the keys by which an image verifies them: one survey, as the one is tried with the other."""

import msgspec

from iotscan.model.facts import AnyFact, SignedArtefact, TrustedKey, TrustedKeys, UpdateArtefacts, kind_of
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, Missed
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.site import Site
from iotscan.observe.image.unreadable import Unreadable


def _survey(site: Site) -> Heard:
    # Cryptography is loaded when an image is looked at.
    from iotscan.observe.image.artefacts import Search
    from iotscan.observe.image.inspectors.artefacts.trust import Placed, trusted_keys
    from iotscan.observe.image.published import mark_artefact, mark_trusted

    missed: list[Missed] = []
    placed: list[Placed] = []
    try:
        placed.extend(trusted_keys(site))
    except Unreadable as error:
        missed.append(_unread(kind_of(TrustedKeys), error))
    known = {key.sha256: key for key in (*site.given, *(p.key.public for p in placed)) if key is not None}
    search = Search(site, tuple(known.values()))
    found: list[SignedArtefact] = []
    keys: tuple[TrustedKey, ...] = ()
    try:
        keys = tuple(msgspec.structs.replace(p.key, within=search.within(p.place)) for p in placed)
        for artefact in search.all():
            found.append(mark_artefact(artefact))
    except Unreadable as error:
        missed.append(_unread(kind_of(UpdateArtefacts), error))
        found += [_rest(str(error))] if found else []
    facts: list[AnyFact] = [UpdateArtefacts(artefacts=tuple(found))] if found else []
    if not missed or missed[0].need != kind_of(TrustedKeys):
        facts.append(TrustedKeys(keys=tuple(dict.fromkeys(map(mark_trusted, keys)))))
    return Heard(facts=tuple(facts), missed=tuple(missed))


def _unread(need: str, error: Unreadable) -> Missed:
    return Missed(need=need, status=AttemptStatus.UNREADABLE, reason=Reason.UNREADABLE, detail=str(error))


def _rest(why: str) -> SignedArtefact:
    return SignedArtefact(path="the rest of the image", format="other", protection="unknown", problem=why)


INSPECTOR = Inspector(name="artefacts", version=1, gives=(UpdateArtefacts, TrustedKeys), survey=_survey)
