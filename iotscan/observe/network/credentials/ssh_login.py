"""SSH: the password method, on a connection that is closed as soon as it is decided (RFC 4252 §8)."""

import secrets
from typing import Any, Final

import asyncssh

from iotscan.data.credential_records import Pair
from iotscan.model.text import safe_text
from iotscan.observe.network.credentials.reaction import Reaction, Sign, speaks_of_lockout
from iotscan.observe.network.failures import PeerClosed
from iotscan.observe.network.probe import Door

_HOST_KEYS: Final = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
    "ssh-rsa",
    "ssh-dss",
)
"""Small keys first: dropbear offers RSA without having an RSA key, and dies when it is chosen."""

_LEGACY: Final = {"kex_algs": "*", "encryption_algs": "*", "mac_algs": "*"}
"""Options of asyncssh that let it talk to servers which offer nothing current."""

_ONLY_PASSWORD: Final[dict[str, Any]] = {
    "known_hosts": None,
    "agent_path": None,
    "agent_forwarding": False,
    "client_keys": None,
    "config": None,
    "preferred_auth": "password",
    "public_key_auth": False,
    "kbdint_auth": False,
    "host_based_auth": False,
    "gss_auth": False,
    "gss_kex": False,
    "server_host_key_algs": _HOST_KEYS,
    **_LEGACY,
}


class _Guest(asyncssh.SSHClient):  # type: ignore[misc]  # asyncssh is not typed for subclasses
    """Hears whether a password was right after all: one that has to be changed (RFC 4252, section 8)."""

    must_change = False

    def password_change_requested(self, prompt: str, lang: str) -> Any:
        """Change nothing."""
        self.must_change = True
        return NotImplemented


class SshLogin:
    """The password login of an SSH server. No channel is opened.

    asyncssh has no clock of its own before the server's version line: the conversation's clock ends it.
    """

    protocol: Final = "ssh"
    sole_account: Final = ""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def offer(self, pair: Pair | None) -> Reaction:
        """One connection, one password. Without a pair: which methods a stranger is offered. Raises DialError."""
        async with self._door.socket() as raw:
            try:
                return await self._ask_methods(raw) if pair is None else await self._log_in(raw, pair)
            except asyncssh.PermissionDenied:
                return Reaction(sign=Sign.REFUSED)
            except asyncssh.DisconnectError as error:
                if speaks_of_lockout(error.reason):
                    return Reaction(sign=Sign.LOCKED, detail="it hung up with words of a lock-out")
                if isinstance(error, asyncssh.ConnectionLost):
                    raise PeerClosed("it dropped the connection at the login") from error
                return Reaction(sign=Sign.UNCLEAR, detail=safe_text(error.reason))
            except (asyncssh.Error, OSError, ValueError) as error:
                raise PeerClosed(f"the conversation broke ({type(error).__name__})") from error

    async def _ask_methods(self, raw: object) -> Reaction:
        stranger = f"iotscan-{secrets.token_hex(4)}"
        options = asyncssh.SSHClientConnectionOptions(username=stranger, **_ONLY_PASSWORD)
        methods = await asyncssh.get_server_auth_methods(
            sock=raw, username=stranger, config=None, options=options, kex_algs="*", server_host_key_algs=_HOST_KEYS
        )
        if "none" in methods:
            return Reaction(sign=Sign.ACCEPTED)
        if "password" in methods:
            return Reaction(sign=Sign.REFUSED)
        return Reaction(sign=Sign.UNSUITED, detail="it does not offer the password method")

    async def _log_in(self, raw: object, pair: Pair) -> Reaction:
        guest = _Guest()
        try:
            opened = await asyncssh.connect(
                sock=raw,
                username=pair.user,
                password=pair.password.reveal(),
                client_factory=lambda: guest,
                **_ONLY_PASSWORD,
            )
        except asyncssh.PermissionDenied:
            if not guest.must_change:
                raise
            return Reaction(sign=Sign.UNCLEAR, detail="it wants the password changed before it lets anybody in")
        opened.close()
        await opened.wait_closed()
        return Reaction(sign=Sign.ACCEPTED)
