"""What a server could not bear in a hello, though it would have accepted the question."""

from iotscan.observe.network.probes.tls.transcript import BOTH, EXTRAS, Transcript


def intolerances(said: Transcript) -> tuple[str, ...]:
    """One sentence for each."""
    found = []
    if said.way.is_bare:
        found.append("accepts no hello with extensions")
    elif said.way.is_short:
        found.append("accepts no hello of 256 bytes or more")
    if not said.way.is_named:
        found.append("accepts no hello with this server name")
    if not said.way.has_primes:
        found.append("breaks off where it would select a DHE suite")
    for asked in said.asked:
        is_refused = not asked.reply.is_selected and not asked.reply.reason
        if asked.topic == EXTRAS and is_refused and _accepts(said, asked.version) and not said.way.is_short:
            found.append(f"refuses {asked.version} with extensions or a compression that it need not know")
        is_odd = asked.way == said.way and all(said.version(v).is_answered for v in asked.offer.versions)
        if asked.topic == BOTH and is_refused and is_odd and any(_accepts(said, v) for v in asked.offer.versions):
            found.append(f"refuses {said.newest} and {said.before[-1]} in one hello, though it has one of them")
    return tuple(dict.fromkeys(found))


def _accepts(said: Transcript, version: str) -> bool:
    return bool(said.selections(version))
