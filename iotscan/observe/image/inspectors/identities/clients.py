"""Programs that can show a server a certificate of their own, and how their files name it.

Sources: mosquitto.conf(5) (bridges), SWUpdate's ``swupdate.cfg`` (suricatta), RAUC reference (``[streaming]``,
``tls-key``), rauc-hawkbit-updater's README, Mender client configuration (``HttpsClient``), configuration of AWS IoT
Device Client and Greengrass, Azure IoT Edge ``config.toml``, aktualizr's configuration, wpa_supplicant.conf(5),
nm-settings-keyfile(5), systemd-journal-upload(8), openvpn(8), ChirpStack's gateway bridge.
"""

import re
from typing import Final

import msgspec


def _line(name: str, sign: str = r"[ \t]*=[ \t]*") -> re.Pattern[str]:
    """A setting on a line of its own, its value in quotes or not."""
    return re.compile(rf"^[ \t]*(?:{name}){sign}[\"']?([^\"'\s;,]+)", re.MULTILINE)


def _member(name: str) -> re.Pattern[str]:
    """A member of JSON, wherever it stands."""
    return re.compile(rf"\"{name}\"\s*:\s*\"([^\"\n]+)\"")


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """A program, its files, and how these name the key and the certificate."""

    name: str
    places: tuple[str, ...]
    """Files, or folders with files of such an ``ending``."""
    ending: tuple[str, ...] = (".conf",)
    key: re.Pattern[str]
    certificate: re.Pattern[str]
    only: re.Pattern[str] | None = None
    """What a file has to say besides."""
    without: re.Pattern[str] | None = None
    """Sections that are about something else."""
    hardware: re.Pattern[str] | None = None
    """What says that the key is in hardware, whatever it is called."""
    claim: re.Pattern[str] | None = None
    has_blocks: bool = False
    """Comments are also ``/* … */``."""
    is_tunnel: bool = False
    """Its files count where something starts them; they may hold the key, and name others beside them."""


CLIENTS: Final[tuple[Client, ...]] = (
    Client(
        name="mosquitto bridge",
        places=("/etc/mosquitto",),
        only=re.compile(r"^[ \t]*connection[ \t]+\S", re.MULTILINE),
        key=_line("bridge_keyfile", r"[ \t]+"),
        certificate=_line("bridge_certfile", r"[ \t]+"),
    ),
    Client(
        name="swupdate",
        places=("/etc/swupdate.cfg", "/etc/swupdate/swupdate.cfg"),
        has_blocks=True,
        key=_line("sslkey"),
        certificate=_line("sslcert"),
    ),
    Client(
        name="rauc",
        places=("/etc/rauc/system.conf", "/usr/lib/rauc/system.conf"),
        key=_line("tls-key"),
        certificate=_line("tls-cert"),
    ),
    Client(
        name="rauc-hawkbit-updater",
        places=("/etc/rauc-hawkbit-updater/config.conf",),
        key=_line("ssl_key"),
        certificate=_line("ssl_cert"),
        hardware=_line("ssl_engine"),
    ),
    Client(
        name="mender",
        places=("/etc/mender/mender.conf", "/var/lib/mender/mender.conf"),
        key=re.compile(r"\"HttpsClient\"\s*:\s*\{[^{}]*?\"Key\"\s*:\s*\"([^\"\n]+)\""),
        certificate=re.compile(r"\"HttpsClient\"\s*:\s*\{[^{}]*?\"Certificate\"\s*:\s*\"([^\"\n]+)\""),
        hardware=re.compile(r"\"HttpsClient\"\s*:\s*\{[^{}]*?\"SSLEngine\"\s*:\s*\"([^\"\n]+)\""),
    ),
    Client(
        name="AWS IoT Device Client",
        places=("/etc/aws-iot-device-client", "/etc/.aws-iot-device-client"),
        ending=(".conf", ".json"),
        key=_member("key"),
        certificate=_member("cert"),
        hardware=re.compile(r"\"secure-element\"\s*:\s*\{[^{}]*?\"enabled\"\s*:\s*(true)\b"),
        claim=re.compile(r"\"fleet-provisioning\"\s*:\s*\{[^{}]*?\"enabled\"\s*:\s*true\b"),
    ),
    Client(
        name="Greengrass",
        places=("/greengrass/v2/config.yaml", "/greengrass/v2/config"),
        ending=(".yaml", ".yml"),
        key=_line("privateKeyPath", r":[ \t]*"),
        certificate=_line("certificateFilePath", r":[ \t]*"),
    ),
    Client(
        name="Greengrass by claim",
        places=("/greengrass/v2/config.yaml", "/greengrass/v2/config"),
        ending=(".yaml", ".yml"),
        key=_line("claimCertificatePrivateKeyPath", r":[ \t]*"),
        certificate=_line("claimCertificatePath", r":[ \t]*"),
        claim=re.compile("claimCertificatePrivateKeyPath"),
    ),
    Client(
        name="Azure IoT Edge",
        places=("/etc/aziot",),
        ending=(".toml",),
        key=_line("identity_pk"),
        certificate=_line("identity_cert"),
        # With that it asks an authority for others.
        without=re.compile(r"^[ \t]*\[cert_issuance[^\n]*\n(?:(?![ \t]*\[)[^\n]*\n?)*", re.MULTILINE),
    ),
    Client(
        name="aktualizr",
        places=("/usr/lib/sota/conf.d", "/etc/sota/conf.d"),
        ending=(".toml",),
        key=_line("tls_pkey_path"),
        certificate=_line("tls_clientcert_path"),
        hardware=re.compile(r"^[ \t]*pkey_source[ \t]*=[ \t]*\"(pkcs11)\"", re.MULTILINE),
    ),
    Client(
        name="wpa_supplicant",
        places=("/etc/wpa_supplicant.conf", "/etc/wpa_supplicant"),
        key=_line("private_key"),
        certificate=_line("client_cert"),
        hardware=re.compile(r"^[ \t]*(?:key_id|engine_id)[ \t]*=[ \t]*\"?([^\"\s]+)", re.MULTILINE),
    ),
    Client(
        name="NetworkManager",
        places=("/etc/NetworkManager/system-connections",),
        ending=("",),
        only=re.compile(r"^\[802-1x\]", re.MULTILINE),
        key=_line("private-key"),
        certificate=_line("client-cert"),
    ),
    Client(
        name="systemd-journal-upload",
        places=("/etc/systemd/journal-upload.conf", "/etc/systemd/journal-upload.conf.d"),
        key=_line("ServerKeyFile"),
        certificate=_line("ServerCertificateFile"),
    ),
    Client(
        name="openvpn",
        places=("/etc/openvpn",),
        ending=(".conf", ".ovpn"),
        is_tunnel=True,
        key=_line("key|pkcs12", r"[ \t]+"),
        certificate=_line("cert|pkcs12", r"[ \t]+"),
        hardware=_line("pkcs11-id", r"[ \t]+"),
    ),
    Client(
        name="ChirpStack gateway",
        places=("/etc/chirpstack-gateway-bridge", "/etc/chirpstack-mqtt-forwarder"),
        ending=(".toml",),
        key=_line("tls_key"),
        certificate=_line("tls_cert"),
        # There it is the server of the packet forwarder.
        without=re.compile(r"^[ \t]*\[backend[^\n]*\n(?:(?![ \t]*\[)[^\n]*\n?)*", re.MULTILINE),
    ),
)
