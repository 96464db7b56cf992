"""What in the facts of an image names somebody's servers and networks: for pseudonyms."""

from collections.abc import Iterator

from iotscan.model.facts import AnyFact, Backends, Lwm2mClients, WirelessNetworks

Private = Iterator[tuple[str, str]]
"""Kind and value."""


def in_image(fact: AnyFact) -> Private:
    """Names of servers as hosts, URLs as URLs, names of wireless networks."""
    match fact:
        case Backends():
            yield from (("host", found.host) for found in fact.backends)
        case Lwm2mClients():
            yield from (("url", client.server) for client in fact.clients)
        case WirelessNetworks():
            yield from (("ssid", network.name) for network in fact.networks)
        case _:
            pass
