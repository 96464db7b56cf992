"""Keys, keyrings and signatures that GnuPG made, and what its own verifier says of them."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from iotscan.model.facts import TrustedKey
from iotscan.wire.signing.feed_keys import openpgp_keys
from tests.wire.signing.trying import run, tool


class Gnupg:
    """A home of GnuPG without a password, and the keys that were made in it by name."""

    def __init__(self, home: Path) -> None:
        self.home = home
        home.mkdir(mode=0o700)
        tool("gpg-agent", "gpg-agent")
        self._fingerprints: dict[str, str] = {}

    def gpg(self, *words: str | Path, moment: str = "") -> str:
        at = [f"--faked-system-time={moment}"] if moment else []
        fixed = [
            "--homedir",
            self.home,
            "--batch",
            "--yes",
            "--quiet",
            "--passphrase",
            "",
            "--pinentry-mode",
            "loopback",
        ]
        return run(tool("gpg", "gpg"), *fixed, *at, *words, cwd=self.home)

    def make(self, name: str, algorithm: str = "ed25519", lives: str = "never", *, moment: str = "") -> str:
        """A key that signs; its fingerprint."""
        self.gpg("--quick-generate-key", f"{name} <{name}@example.org>", algorithm, "sign", lives, moment=moment)
        listed = self.gpg("--list-keys", "--with-colons", f"{name}@example.org").split("\n")
        self._fingerprints[name] = next(line.split(":")[9] for line in listed if line.startswith("fpr"))
        return self._fingerprints[name]

    def fingerprint(self, name: str) -> str:
        return self._fingerprints[name]

    def ring(self, *names: str, armour: bool = False) -> bytes:
        """The public keys of some, as a keyring."""
        path = self.home / "ring.out"
        chosen = [self._fingerprints[n] for n in names]
        self.gpg(*(["--armor"] if armour else []), "--output", path, "--export", *chosen)
        return path.read_bytes()

    def trusted(self, *names: str, use: str = "apt") -> tuple[TrustedKey, ...]:
        return openpgp_keys(self.ring(*names), "/etc/keys.gpg", use)  # type: ignore[arg-type]  # a use

    def sign(self, name: str, data: bytes, *how: str, moment: str = "") -> bytes:
        """A signature, detached and binary unless ``how`` says otherwise."""
        message, path = self.home / "message", self.home / "signature"
        message.write_bytes(data)
        self.gpg("-u", self._fingerprints[name], *(how or ("--detach-sign",)), "--output", path, message, moment=moment)
        # The command ends what begins with --; the last word was the file, so options may stand before it.
        return path.read_bytes()

    def accepts(self, names: Sequence[str], signature: bytes, message: bytes | None = None) -> bool:
        """Whether gpgv, which apt and OSTree ask in this way, calls a signature good."""
        ring, file, beside = self.home / "v.gpg", self.home / "v.sig", self.home / "v.data"
        ring.write_bytes(self.ring(*names))
        file.write_bytes(signature)
        words: list[str | Path] = [tool("gpgv", "gpgv"), "--status-fd", "1", "--keyring", ring, file]
        if message is not None:
            beside.write_bytes(message)
            words.append(beside)
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        return "[GNUPG:] GOODSIG" in done.stdout and "BADSIG" not in done.stdout and done.returncode == 0

    def close(self) -> None:
        """End the agent that GnuPG started for this home."""
        subprocess.run(["gpgconf", "--homedir", self.home, "--kill", "gpg-agent"], check=False, capture_output=True)
