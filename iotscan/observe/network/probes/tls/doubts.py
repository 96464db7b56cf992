"""Refusals that may be none, and answers that contradict each other."""

from iotscan.observe.network.probes.tls.asking import Asking
from iotscan.observe.network.probes.tls.transcript import (
    CONTROL,
    HYBRID,
    ORDINARY,
    PLAIN,
    WEAK_GROUPS,
    WEAK_SIGNATURE,
    Asked,
    Transcript,
)
from iotscan.wire.tls import framing
from iotscan.wire.tls.suites import suite_name

_SPECIAL = (WEAK_GROUPS, WEAK_SIGNATURE, HYBRID)


async def confirm(asking: Asking) -> None:
    """Where refusals are doubtful, see that it was not something else; else take them back.

    A device that is out of connections closes just like one that says no; and one may reset at a suite that it does
    not know, whatever stands beside it.
    """
    said = asking.said
    asking.is_confirming = True
    _take_back_odd_ones(asking)
    for version in said.accepted:
        doubtful = [a for a in said.refusals(version) if a.reply.is_doubtful]
        if doubtful:
            await _offer_beside(asking, version, doubtful)
    last = max((i for i, a in enumerate(said.asked) if a.reply.is_selected), default=-1)
    doubtful = [a for a in said.asked[last + 1 :] if a.reply.is_doubtful]
    if last < 0 or not doubtful:
        return
    good = said.selections()[-1]
    control = await asking.put("does it still answer?", good.offer.versions, good.offer.suites, topic=CONTROL)
    if not control.is_selected:
        for asked in doubtful:
            asking.take_back(asked, f"{asked.reply.detail}, and then answered nothing any more")


async def _offer_beside(asking: Asking, version: str, doubtful: list[Asked]) -> None:
    """Offer what was refused once more, and last a suite that is accepted."""
    known = asking.said.selections(version)[0].reply.suite
    refused = dict.fromkeys(code for a in doubtful for code in a.offer.suites)
    suites = [code for code in refused if code != known][: asking.said.way.limit - 1]
    control = await asking.put(f"refusals of {version} confirmed", (version,), (*suites, known), topic=CONTROL)
    if control.is_selected and control.suite == known:
        return
    for asked in doubtful:
        if control.is_selected:
            asking.take_back(asked, f"{suite_name(control.suite)} in {version}: refused, and then selected")
        else:
            beside = "also where a suite that it accepts was offered beside"
            asking.take_back(asked, f"{asked.reply.detail}, {beside} ({control.detail})")


def _take_back_odd_ones(asking: Asking) -> None:
    """Who refuses suites by an alert does not refuse a curve by closing: it fell over it."""
    said = asking.said
    speaks = [a for a in said.asked if a.topic == PLAIN and a.reply.kind == "refused" and not a.reply.is_doubtful]
    for asked in [a for a in said.asked if a.topic in _SPECIAL and a.reply.is_doubtful]:
        if speaks:
            asking.take_back(asked, f"{asked.reply.detail}, though it refuses other offers by an alert")


def contradictions(asking: Asking) -> tuple[str, ...]:
    """Two different answers to one question, each with both. A refusal among them is taken back."""
    said = asking.said
    found = [f"{a.reply.detail}" for a in said.asked if a.reply.detail.endswith("refused, and then selected")]
    for refusal, selection in _opposed(said):
        name = suite_name(selection.reply.suite)
        text = f"{name} in {selection.reply.version}: selected, and refused ({refusal.reply.detail})"
        found.append(text)
        asking.take_back(refusal, text)
    return tuple(dict.fromkeys([*found, *_unstable(said), *_denied_though_known(said)]))


def _opposed(said: Transcript) -> list[tuple[Asked, Asked]]:
    pairs = []
    selections = [a for a in said.selections() if a.topic in ORDINARY and a.way == said.way]
    # A hello that is longer than any that was taken may have been refused for that.
    longest = max((len(a.offer.suites) for a in selections), default=0)
    for refusal in (a for version in said.accepted for a in said.refusals(version) if not a.reply.is_doubtful):
        if len(refusal.offer.suites) <= longest:
            taken = [a for a in selections if a.reply.version == refusal.version]
            pairs += [(refusal, a) for a in taken if a.reply.suite in refusal.offer.suites][:1]
    return pairs


_SIGNALS = {
    framing.RENEGOTIATION_INFO: "renegotiation_info",
    framing.EXTENDED_MASTER_SECRET: "extended_master_secret",
}


def _unstable(said: Transcript) -> list[str]:
    return [
        f"{name} in {version}: answered in one hello, left out in another"
        for version in reversed(said.before)
        for kind, name in _SIGNALS.items()
        if len(answers_signal(said, version, kind)) > 1
    ]


def answers_signal(said: Transcript, version: str, kind: int) -> set[bool]:
    """Whether it answers an extension that every hello offers: both, where it cannot decide."""
    return {kind in a.reply.extensions for a in said.selections(version) if not a.offer.is_bare}


def _denied_though_known(said: Transcript) -> list[str]:
    return [text for version in said.versions if (text := denied_though_known(said, version))]


def denied_though_known(said: Transcript, version: str) -> str:
    """What contradicts a refusal of a version: the end of a ServerHello's random, RFC 8446 section 4.1.3."""
    if said.version(version).known is not False:
        return ""
    for asked in said.selections():
        answer = asked.reply.flight.answer
        if answer is not None and answer.knows_newer == framing.stream_version(version):
            return f"{version}: refused, though its ServerHello of {asked.reply.version} says that it has it"
    return ""
