"""The complete lists, by elimination: what was selected is offered no more, until nothing is left to select."""

from collections.abc import Sequence

from iotscan.model.facts.tls import Suite, SuiteList
from iotscan.observe.network.probes.tls.asking import Asking
from iotscan.observe.network.probes.tls.exchanges import own_curve
from iotscan.observe.network.probes.tls.kinds import CURVES, EPHEMERAL
from iotscan.observe.network.probes.tls.reply import Reply
from iotscan.observe.network.probes.tls.transcript import ORDER, is_13
from iotscan.wire.tls.groups import GROUPS
from iotscan.wire.tls.suites import SUITES, ranked, suite_name

GROUP = "group"


async def complete(asking: Asking) -> tuple[SuiteList, ...]:
    """Every suite of every accepted version, whose order counts, and every group."""
    lists = await suite_lists(asking)
    for version in asking.said.accepted:
        if version == asking.said.best or is_13(version):
            await _groups(asking, version)
    return lists


async def suite_lists(asking: Asking) -> tuple[SuiteList, ...]:
    """Every suite of every accepted version, and whose order counts."""
    lists = tuple([await _suites(asking, version) for version in asking.said.accepted])
    await _ask_order(asking, lists)
    return lists


async def _suites(asking: Asking, version: str) -> SuiteList:
    found: list[int] = []
    has_primes = asking.said.way.has_primes
    left = [suite.code for suite in ranked(version) if has_primes or not suite.uses_primes]
    detail = ""
    while left and not detail:
        offered = left[: asking.said.way.limit]
        reply = await asking.put(f"every suite of {version}", (version,), offered)
        if reply.is_selected and reply.version == version:
            found.append(reply.suite)
            left.remove(reply.suite)
        elif reply.kind == "refused":
            left = left[len(offered) :]
        else:
            detail = reply.detail or f"selected {reply.version}"
    names = tuple(Suite(version=version, code=code, name=suite_name(code)) for code in found)
    if not has_primes and not is_13(version):
        detail = detail or "it breaks off where it is offered a DHE suite"
    return SuiteList(version=version, suites=names, is_complete=not detail, detail=detail)


async def _ask_order(asking: Asking, lists: Sequence[SuiteList]) -> None:
    """Two suites that are accepted, the one that it chose first offered last."""
    several = next((entry.suites for entry in lists if len(entry.suites) > 1), ())
    if several:
        pair = (several[1].code, several[0].code)
        await asking.put("whose order counts", (several[0].version,), pair, topic=ORDER)


async def _groups(asking: Asking, version: str) -> None:
    """Every group: in TLS 1.3 without a key share, so that it must name the one it wants."""
    left = [group.code for group in GROUPS.values() if is_13(version) or group.kind == "curve"]
    suites = asking.offered(version, EPHEMERAL if is_13(version) else CURVES)
    if not suites or not any(map(EPHEMERAL, asking.said.chosen(version))):
        return
    own = () if is_13(version) else own_curve(asking.said)
    while left:
        # An ECDSA key needs its own curve among those offered (RFC 8422 section 5.1): it stays, as the last.
        groups = (*(code for code in left if code not in own), *own)
        reply = await asking.put(f"every group of {version}", (version,), suites, topic=GROUP, groups=groups, shares=())
        group = _group(reply)
        if group not in left:
            return
        left.remove(group)


def _group(reply: Reply) -> int:
    answer, sent = reply.flight.answer, reply.flight.exchange
    if not reply.is_selected or answer is None or reply.suite not in SUITES:
        return 0
    return answer.group or (sent.group if sent is not None else 0)
