"""What devices saw of us, in one line: how much in all, how much each, and who saw the most."""

from collections.abc import Sequence

from iotscan.model.run import Cost
from iotscan.report.words import counted


def asked(costs: Sequence[tuple[Cost, str]]) -> str:
    """What was sent to devices, each given with what a person calls it; empty where there is nothing to tell.

    What went to addresses where nobody is, and to all on a link, is in the notices of discovery.
    """
    told = [(cost, label) for cost, label in costs if cost != Cost()]
    if not told:
        return ""
    spent = sum((cost for cost, _ in told), Cost())
    most, label = max(told, key=lambda each: (sent(each[0]), each[1]))
    kinds = {
        "raw frame": spent.frames,
        "port attempt": spent.attempts,
        "connection": spent.connections,
        "datagram": spent.datagrams,
    }
    parts = [counted(number, kind) for kind, number in kinds.items() if number or kind != "raw frame"]
    each = "" if len(told) == 1 else f"; {sent(spent) / len(told):,.0f} each, most to {label}: {sent(most):,}"
    return f"{', '.join(parts)} to {counted(len(told), 'device')}{each}"


def sent(cost: Cost) -> int:
    """How often a device was sent something: frames, attempts, connections and datagrams together."""
    return cost.frames + cost.attempts + cost.connections + cost.datagrams
