"""Root file systems whose daemons are configured weakly: the same changes, where nothing runs."""

from collections.abc import Mapping
from typing import Final

import msgspec

from iotscan.model.vocabulary import Outcome
from tests.remedies.weakness import Shown

UNITS: Final = {
    "vsftpd": "/usr/sbin/vsftpd /etc/vsftpd.conf",
    "snmpd": "/usr/sbin/snmpd -f",
    "ssh": "/usr/sbin/sshd -D",
}
"""What systemd starts, by the name of the unit."""
PROGRAMS: Final = dict.fromkeys(("usr/sbin/vsftpd", "usr/sbin/snmpd"), b"\x7fELF\x00")


class WeakImage(msgspec.Struct, frozen=True, kw_only=True):
    """An image: its configuration, what is found of it, and which changes mend that; ``ends`` is what is said then."""

    name: str
    files: Mapping[str, str]
    shows: Mapping[str, tuple[Shown, ...]]
    """Id of a record -> the findings that it mends."""
    ends: Mapping[str, Outcome]
    fill: Mapping[str, str] = {}


ENDS: Final = {
    "ftp-login-policy": Outcome.PASS,
    "ssh-login-policy": Outcome.PASS,
    # The check is about who answers a community: where nobody does, nobody is left to be asked.
    "snmp-community": Outcome.NOT_APPLICABLE,
}
FILL: Final = {
    "<CERTIFICATE>": "/etc/ssl/device.pem",
    "<KEY>": "/etc/ssl/device.key",
    "<USER>": "monitor",
    "<AUTHENTICATION-PASSPHRASE>": "s3cond-hand-pass",
    "<PRIVACY-PASSPHRASE>": "th1rd-hand-pass",
}
IMAGES: Final = (
    WeakImage(
        name="wide open",
        files={
            "etc/vsftpd.conf": (
                "listen=YES\nanonymous_enable=YES\nwrite_enable=YES\nanon_upload_enable=YES\nssl_enable=NO\n"
            ),
            "etc/ssh/sshd_config": (
                "Include /etc/ssh/sshd_config.d/*.conf\nPasswordAuthentication yes\nPermitRootLogin yes\n"
            ),
            "etc/snmp/snmpd.conf": "rwcommunity public default\n",
        },
        shows={
            "vsftpd-no-anonymous": (("ftp-login-policy", "anonymous-write"),),
            "vsftpd-tls": (("ftp-login-policy", "cleartext"),),
            "openssh-keys-only": (("ssh-login-policy", "root"),),
            "snmpd-v3": (("snmp-community", "write"),),
        },
        ends=ENDS,
        fill=FILL,
    ),
    WeakImage(
        name="half open",
        files={
            "etc/vsftpd.conf": (
                "listen=YES\nanonymous_enable=YES\nlocal_enable=YES\nssl_enable=YES\nforce_local_logins_ssl=NO\n"
            ),
            "etc/ssh/sshd_config": (
                "Include /etc/ssh/sshd_config.d/*.conf\nPasswordAuthentication yes\nPermitRootLogin no\n"
            ),
            "etc/snmp/snmpd.conf": "rocommunity k7-Quito-9 default\n",
        },
        shows={
            "vsftpd-no-anonymous": (("ftp-login-policy", "anonymous"),),
            "vsftpd-tls": (("ftp-login-policy", "tls-offered"),),
            "openssh-keys-only": (("ssh-login-policy", "password"),),
            "snmpd-v3": (("snmp-community", "other"),),
        },
        ends=ENDS,
        fill=FILL,
    ),
)
