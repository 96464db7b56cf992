"""A third implementation of the server's side, in this process: asyncssh."""

import asyncio
import hashlib

import asyncssh

from iotscan.model.facts import SshServer
from iotscan.observe.network.probes.ssh import PROBE
from tests.observe.network.daemons import HOST, door

KINDS = ("ssh-ed25519", "ecdsa-sha2-nistp521", "ssh-rsa", "ssh-dss", "ssh-ed448")
OLD = {"kex_algs": "*", "encryption_algs": "*", "mac_algs": "*", "signature_algs": "*"}


class Host(asyncssh.SSHServer):
    """Notes who came, and lets strangers in where it is told to."""

    def __init__(self, begun: list[str], *, is_open: bool) -> None:
        self._begun, self._is_open = begun, is_open

    def begin_auth(self, username: str) -> bool:
        self._begun.append(username)
        return not self._is_open

    def password_auth_supported(self) -> bool:
        return True


def asked(*, is_open: bool = False) -> tuple[SshServer, list[str]]:
    begun: list[str] = []

    async def talk() -> SshServer:
        keys = [asyncssh.generate_private_key(kind) for kind in KINDS]
        server = await asyncssh.listen(
            HOST, 0, server_factory=lambda: Host(begun, is_open=is_open), server_host_keys=keys, **OLD
        )
        async with server:
            heard = await PROBE.ask(door(server.get_port(), "ssh"))
        (fact,) = heard.facts
        assert isinstance(fact, SshServer)
        assert {key.sha256 for key in fact.host_keys.value} == {sha256(key) for key in keys}
        return fact

    return asyncio.run(talk()), begun


def sha256(key: asyncssh.SSHKey) -> str:
    return hashlib.sha256(key.public_data).hexdigest()


def test_every_key_is_proved_and_the_methods_are_told() -> None:
    fact, begun = asked()
    assert fact.unread_keys == ()
    assert "password" in fact.login_methods.value
    assert not fact.admits_strangers
    assert [group.bits for group in fact.groups.value][:1] == [1024]
    assert len(begun) == 1


def test_one_that_lets_anybody_in() -> None:
    fact, begun = asked(is_open=True)
    assert fact.admits_strangers
    assert begun[0].startswith("iotscan-")
