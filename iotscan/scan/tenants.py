"""Credentials of devices at back ends: each for a server that was granted, and for no other."""

from collections.abc import Sequence
from pathlib import Path

from iotscan.data.backend_credential_file import BackendCredential, read_backend_credentials
from iotscan.model.errors import BadInput
from iotscan.model.scope import BackEnd
from iotscan.observe.network.probes.mqtt_tenant import Tenants
from iotscan.scan.back_ends import read_word
from iotscan.scan.targets import BadTarget

_MQTTS = 8883


def credentials_in(path: Path, servers: Sequence[BackEnd]) -> tuple[BackendCredential, ...]:
    """The credentials of a file. Raises BadInput for a file that is none, and for a server that was not granted."""
    credentials = read_backend_credentials(path)
    for number, credential in enumerate(credentials, start=1):
        if _place(credential, servers) is None:
            raise BadInput(
                f"--backend-credential: the server of credential {number} is no --backend of this scan: name it as "
                "HOST or HOST:PORT, and give it with --backend, too"
            )
    return credentials


def tenants_of(servers: Sequence[BackEnd], credentials: Sequence[BackendCredential]) -> Tenants:
    """The credentials by address and port."""
    placed = ((_place(credential, servers), credential) for credential in credentials)
    return Tenants(
        servers=frozenset(server.address for server in servers),
        credentials={place: credential for place, credential in placed if place is not None},
    )


def _place(credential: BackendCredential, servers: Sequence[BackEnd]) -> tuple[str, int] | None:
    try:
        host, port = read_word(credential.backend)
    except BadTarget:
        return None
    port = port or _MQTTS
    named = (s for s in servers if s.name == host and s.port in (0, port))
    return next(((server.address, port) for server in named), None)
