"""Two boxes with an SSH server: an old one and a new one, out of one image with one host key in it."""

import asyncssh
import msgspec

from iotscan.lab.place import Place, Watch, taken_means

LOGIN_SECONDS = 30.0
TRIES = 3
SHARED_KEY = "ssh boxes"


class Algorithms(msgspec.Struct, frozen=True, kw_only=True):
    """What a server offers, best first, in the names of RFC 4253."""

    kex: tuple[str, ...]
    ciphers: tuple[str, ...]
    macs: tuple[str, ...]


MODERN = Algorithms(
    kex=("curve25519-sha256", "curve25519-sha256@libssh.org"),
    ciphers=("aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr"),
    macs=("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"),
)
DATED = Algorithms(
    kex=("diffie-hellman-group1-sha1", "diffie-hellman-group14-sha1", "diffie-hellman-group14-sha256"),
    ciphers=("3des-cbc", "aes128-cbc", "aes128-ctr"),
    macs=("hmac-md5", "hmac-sha1"),
)


class Gatekeeper(asyncssh.SSHServer):  # type: ignore[misc]  # asyncssh is not followed by mypy here
    """Lets nobody in: neither password nor key is ever right."""

    def __init__(self, watch: Watch, passwords: bool) -> None:
        self._watch = watch
        self._passwords = passwords
        self._tries = 0

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Somebody called."""
        self._watch.touch()

    def begin_auth(self, username: str) -> bool:
        """Everybody must log in."""
        return True

    def password_auth_supported(self) -> bool:
        """Whether the password method is offered."""
        return self._passwords

    def validate_password(self, username: str, password: str) -> bool:
        """Refuse, and hang up after three."""
        self._tries += 1
        if self._tries >= TRIES:
            raise asyncssh.DisconnectError(asyncssh.DISC_NO_MORE_AUTH_METHODS_AVAILABLE, "Too many tries")
        return False

    def public_key_auth_supported(self) -> bool:
        """Keys are always offered."""
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Refuse."""
        return False


async def listen_ssh(place: Place, algorithms: Algorithms, *, key: str, version: str, passwords: bool) -> None:
    """Listen on ssh with the Ed25519 host key of that name. ``version`` stands behind ``SSH-2.0-``."""
    port = place.port(22)
    with taken_means(place.address, port):
        server = await asyncssh.listen(
            place.address,
            port,
            server_factory=lambda: Gatekeeper(place.watch, passwords),
            server_host_keys=[asyncssh.import_private_key(place.workshop.ssh_key(key))],
            server_version=version,
            kex_algs=algorithms.kex,
            encryption_algs=algorithms.ciphers,
            mac_algs=algorithms.macs,
            login_timeout=LOGIN_SECONDS,
            allow_pty=False,
            agent_forwarding=False,
        )
    place.watch.keep(place.address, server)


async def settle_old(place: Place) -> None:
    """Listen on ssh as of 2014, passwords welcome."""
    await listen_ssh(place, DATED, key=SHARED_KEY, version="dropbear_2014.63", passwords=True)


async def settle_new(place: Place) -> None:
    """Listen on ssh with today's algorithms and yesterday's key."""
    await listen_ssh(place, MODERN, key=SHARED_KEY, version="AcmeSSH_3.0", passwords=False)
