"""What a TLS server accepts, asked with about ten hellos of our own. No handshake is finished."""

import msgspec

from iotscan.model.facts.tls import TlsEndpoint
from iotscan.observe.network.hellos import over_stream
from iotscan.observe.network.probe import HAVE_TLS, Door, Heard, Probe
from iotscan.observe.network.probes.tls.interview import Interview


async def ask(door: Door) -> Heard:
    """Interview one service. Never raises a DialError: what could not be asked is an answer that is missing."""
    pace = door.line.pace
    interview = Interview(
        over_stream(door),
        server_name=door.server_name,
        # One more is left to read the certificate; what is asked last matters less than the first of another service.
        ceiling=min(pace.tls_connections, max(door.share - 1, 1)),
        is_complete=pace.complete_suites,
    )
    await interview.hold()
    endpoint = interview.endpoint()
    if endpoint is None:
        return Heard(missed=(interview.nothing(),))
    return Heard(facts=(msgspec.structs.replace(endpoint, opening=door.opening),), excerpt=interview.excerpt)


def _is_whole(endpoint: TlsEndpoint) -> bool:
    return not endpoint.cut


PROBE = Probe(name="tls", version=3, speaks=HAVE_TLS, gives=(TlsEndpoint,), ask=ask, stage=1, holds_on=_is_whole)
