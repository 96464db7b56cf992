"""Weak configurations of vsftpd."""

from collections.abc import Mapping

from iotscan.model.scope import Grants
from tests.remedies.weakness import Daemon, Shown, Weakness

SERVER = Daemon(
    needs={"vsftpd": "vsftpd", "openssl": "openssl", "curl": "curl"},
    run="vsftpd $root/etc/vsftpd.conf",
    client="openssl s_client -connect $host:$ftp -starttls ftp </dev/null 2>&1 | grep 'Cipher is [A-Z]'",
)
BASE = """listen=YES
listen_address=$host
listen_port=$ftp
background=NO
local_enable=YES
seccomp_sandbox=NO
secure_chroot_dir=$root/empty
anon_root=$root/empty
"""
TLS = "ssl_enable=YES\nrsa_cert_file=$rsa_cert\nrsa_private_key_file=$rsa_key\nrequire_ssl_reuse=NO\n"


def _weak(
    name: str, remedy: str, shows: tuple[Shown, ...], lines: str, *, client: str = "", fill: Mapping[str, str] = {}
) -> Weakness:
    return Weakness(
        name=f"vsftpd {name}",
        daemon=SERVER,
        remedy=remedy,
        shows=shows,
        files={"etc/vsftpd.conf": BASE + lines, "empty/.keep": ""},
        ports={"ftp": "tcp ftp"},
        before=("ftp",),
        then=("ftp",),
        fill=fill,
        client=client,
        grants=Grants(default_creds=True),
    )


CERTIFIED = {"<CERTIFICATE>": "$rsa_cert", "<KEY>": "$rsa_key"}
WEAK = (
    _weak(
        "for everybody",
        "vsftpd-no-anonymous",
        (("ftp-access", "anonymous"),),
        f"anonymous_enable=YES\n{TLS}force_local_logins_ssl=YES\nssl_ciphers=HIGH\n",
    ),
    _weak(
        "without TLS",
        "vsftpd-tls",
        (("ftp-access", "cleartext"),),
        "anonymous_enable=NO\nssl_enable=NO\n",
        fill=CERTIFIED,
    ),
    _weak(
        "with TLS for who likes it",
        "vsftpd-tls",
        (("ftp-access", "tls-offered"),),
        f"anonymous_enable=NO\n{TLS}force_local_logins_ssl=NO\nssl_ciphers=HIGH\n",
        fill=CERTIFIED,
    ),
    _weak(
        "with every suite",
        "vsftpd-ciphers",
        (
            ("forward-secrecy", "accepted-beside"),
            ("tls-weak-ciphers", "broken"),
            ("short-authentication-tags", "gateway"),
            ("handshake-signatures", "accepted"),
        ),
        f"anonymous_enable=NO\n{TLS}ssl_ciphers=ALL:eNULL:@SECLEVEL=0\n",
    ),
)
