"""The machines of the LAN that speak TLS or DTLS in ways a browser never does: pre-shared keys, datagrams, STARTTLS."""

from pathlib import Path

from tests.lan.certificates import make_ec_key, self_sign
from tests.lan.network import Machine

TOOLS = {"coap-server-openssl": "libcoap3-bin", "coap-client-openssl": "libcoap3-bin", "vsftpd": "vsftpd"}
"""Commands -> Debian package."""
COAP_KEY = "k3y-of-the-c0ap-node"

VSFTPD = """
listen=YES
background=NO
anonymous_enable=NO
local_enable=YES
ssl_enable=YES
force_local_logins_ssl=YES
ssl_tlsv1=YES
rsa_cert_file={folder}/cert.pem
rsa_private_key_file={folder}/key.pem
require_ssl_reuse=NO
seccomp_sandbox=NO
secure_chroot_dir={folder}/empty
"""


def coap_node(machine: Machine, address: str, folder: Path) -> None:
    """libcoap's server with a pre-shared key: CoAP in the clear on 5683, CoAPS on 5684, over UDP and TCP."""
    machine.start("coap-server-openssl", "-A", address, "-k", COAP_KEY, "-h", "node-17", "-v", "3")


def psk_broker(machine: Machine, folder: Path) -> None:
    """mosquitto with pre-shared keys in place of certificates, ephemeral ones only."""
    (folder / "keys").write_text("sensor:7e6f1a2b3c4d5e6f708192a3b4c5d6e7\n")
    lines = [
        "user root",
        "listener 8883 0.0.0.0",
        "psk_hint broker",
        f"psk_file {folder}/keys",
        "allow_anonymous false",
    ]
    lines += ["tls_version tlsv1.2", "ciphers ECDHE-PSK-AES128-CBC-SHA256:ECDHE-PSK-CHACHA20-POLY1305", ""]
    (folder / "mosquitto.conf").write_text("\n".join(lines))
    machine.start("mosquitto", "-c", f"{folder}/mosquitto.conf")


def ftp_server(machine: Machine, host: str, folder: Path) -> None:
    """vsftpd that asks for AUTH TLS before a login."""
    self_sign(folder, make_ec_key(), host, days=300)
    (folder / "empty").mkdir()
    configuration = folder / "vsftpd.conf"
    configuration.write_text(VSFTPD.format(folder=folder))
    machine.start("vsftpd", str(configuration))
