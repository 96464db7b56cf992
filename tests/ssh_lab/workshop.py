"""Keys and certificates that the servers of the lab are given, made once by ssh-keygen and dropbearkey."""

import subprocess
from pathlib import Path
from typing import Final

OPENSSH_KEYS: Final = {
    "ed25519": ("ed25519",),
    "ecdsa": ("ecdsa",),
    "ecdsa521": ("ecdsa", "-b", "521"),
    "rsa3072": ("rsa", "-b", "3072"),
    "rsa2048": ("rsa", "-b", "2048"),
    "rsa1024": ("rsa", "-b", "1024", "-m", "PEM"),
    "dsa": ("dsa", "-m", "PEM"),
    "ca": ("ed25519",),
}
DROPBEAR_KEYS: Final = {
    "db_rsa": ("rsa",),
    "db_rsa1024": ("rsa", "-s", "1024"),
    "db_ecdsa": ("ecdsa",),
    "db_ed25519": ("ed25519",),
}
MODULI: Final = "20240101000000 2 6 100 1023 2 " + "F" * 256 + "\n"


def furnish(folder: Path, *, keygen: str, dropbearkey: str) -> dict[str, str]:
    """Write everything into ``folder``; what a template may name, with its path."""
    for name, words in OPENSSH_KEYS.items():
        subprocess.run([keygen, "-q", "-N", "", "-t", *words, "-f", folder / name], check=True)
    for name, words in DROPBEAR_KEYS.items():
        subprocess.run([dropbearkey, "-t", *words, "-f", folder / name], check=True, capture_output=True)
    certificates = {"valid_cert": "20260101000000Z:20460101000000Z", "expired_cert": "20200101000000Z:20210101000000Z"}
    for name, validity in certificates.items():
        said = ["-s", "ca", "-h", "-I", "gateway", "-n", "gw.example", "-V", validity, "ed25519.pub"]
        subprocess.run([keygen, "-q", *said], cwd=folder, check=True)
        (folder / "ed25519-cert.pub").rename(folder / name)
    (folder / "small_moduli").write_text(MODULI)
    names = (*OPENSSH_KEYS, *DROPBEAR_KEYS, *certificates, "small_moduli")
    return {name: str(folder / name) for name in names}
