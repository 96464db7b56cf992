"""Finding BACnet devices and routers on the own network, where the profile allows industrial equipment to be asked."""

from typing import Final

from iotscan.observe.network.discovery.circle import Circle
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.discovery.method import Method, Round
from iotscan.observe.network.group_call import BROADCAST
from iotscan.wire import bacnet

QUESTIONS: Final = (bacnet.WHO_IS, bacnet.WHO_IS_ROUTER, bacnet.WHO_IS)
LISTEN_SECONDS: Final = (0.1, 1.0, 1.0)


async def ask_bacnet(at_work: Round) -> None:
    """Ask who is there, and who leads to other networks; report each answerer in scope."""
    told: set[tuple[str, bacnet.Answer]] = set()
    circle = Circle(at_work)

    async def take(packet: bytes, source: str) -> bool:
        answer = bacnet.read_answer(packet)
        if answer is None:
            return False
        if (source, answer) not in told:
            told.add((source, answer))
            await at_work.found.send(Found(address=source, how="bacnet", claims=answer.claims(source)))
        return True

    # Many a device answers to all, on the port of BACnet, and not to who asked.
    with at_work.dialer.group(at_work.link, BROADCAST, bacnet.PORT, own_port=bacnet.PORT, joins=True) as call:
        try:
            for question, seconds in zip(QUESTIONS, LISTEN_SECONDS, strict=True):
                await call.ask(question)
                await circle.hear(call, seconds, take)
        finally:
            at_work.tally.count(call)


BACNET: Final = Method(
    name="bacnet",
    gives="BACnet devices: number and vendor, and the networks behind routers",
    ask=ask_bacnet,
    families=(4,),
    fragile="industrial",
)
