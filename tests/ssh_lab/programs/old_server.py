"""An SSH server that offers what no daemon does any more: ``python -m …old_server HOST PORT OPTIONS``.

OPTIONS is JSON: ``kex``, ``ciphers``, ``macs`` (lists), ``keys`` (files), ``version``, ``protocol``, and true or false
for ``strict``, ``password``, ``lets_in``. It lets nobody in but where it lets in everybody.
"""

import asyncio
import json
import sys
from typing import Any

import asyncssh
from asyncssh.connection import SSHServerConnection


class _Door(asyncssh.SSHServer):  # type: ignore[misc]  # asyncssh is not followed by mypy here
    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options

    def begin_auth(self, username: str) -> bool:
        return not self._options.get("lets_in")

    def password_auth_supported(self) -> bool:
        return bool(self._options.get("password"))

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: object) -> bool:
        return False


def _make_old(options: dict[str, Any]) -> None:
    """Take back what asyncssh does of itself: strict key exchange, and protocol 2 alone."""
    if not options.get("strict", True):
        SSHServerConnection._get_extra_kex_algs = lambda self: []
        # A client that announces it must not be believed either.
        SSHServerConnection._strict_kex = property(lambda self: False, lambda self, value: None)
    protocol = options.get("protocol", "2.0").encode()

    def say_version(self: Any) -> None:
        self._server_version = b"SSH-" + protocol + b"-" + self._version
        self._send(self._server_version + b"\r\n")

    SSHServerConnection._send_version = say_version


async def _serve(host: str, port: int, options: dict[str, Any]) -> None:
    await asyncssh.listen(
        host,
        port,
        server_factory=lambda: _Door(options),
        server_host_keys=options["keys"],
        server_version=options["version"],
        kex_algs=options["kex"],
        encryption_algs=options["ciphers"],
        mac_algs=options["macs"],
        gss_host=None,
        allow_pty=False,
    )
    await asyncio.Event().wait()


if __name__ == "__main__":
    told = json.loads(sys.argv[3])
    _make_old(told)
    asyncio.run(_serve(sys.argv[1], int(sys.argv[2]), told))
