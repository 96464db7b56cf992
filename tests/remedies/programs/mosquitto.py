"""Weak configurations of mosquitto."""

from collections.abc import Mapping

from tests.remedies.weakness import CHAINS, Daemon, Shown, Weakness

PUBLISH = "mosquitto_pub -h $host -p $tls --insecure -t a -m b"
PSK_PUBLISH = "mosquitto_pub -h $host -p $tls -t a -m b --psk $psk --psk-identity sensor --tls-version tlsv1.2"
BROKER = Daemon(
    needs={"mosquitto": "mosquitto", "mosquitto_pub": "mosquitto-clients"},
    run="mosquitto -c $root/etc/mosquitto/mosquitto.conf",
    commands={
        "mosquitto_passwd /etc/mosquitto/passwd <USER>": (
            "mosquitto_passwd -b $root/etc/mosquitto/passwd <USER> k3h-Dp2-x8Q"
        ),
    },
    client=f"{PUBLISH} --cafile $rsa_cert",
)
OPEN = "user root\nallow_anonymous true\n"
TLS = "listener $tls $host\ncertfile $rsa_cert\nkeyfile $rsa_key\n"
PSK = "listener $tls $host\npsk_hint broker\npsk_file $psk_file\ntls_version tlsv1.2\n"


def _weak(
    name: str,
    remedy: str,
    shows: tuple[Shown, ...],
    lines: str,
    *,
    client: str = "",
    fill: Mapping[str, str] = {},
    knows: bool = True,
    beside: tuple[str, ...] = (),
) -> Weakness:
    return Weakness(
        name=f"mosquitto {name}",
        daemon=BROKER,
        remedy=remedy,
        shows=shows,
        files={"etc/mosquitto/mosquitto.conf": OPEN + lines},
        ports={"tls": "tcp mqtts"},
        before=("tls",),
        then=("tls",),
        fill=fill,
        meets={r"8883\b": r"$tls\b"} if knows else {},
        client=client,
        beside=beside,
    )


WEAK = (
    Weakness(
        name="mosquitto in the clear",
        daemon=BROKER,
        remedy="mosquitto-tls",
        shows=(("mqtt-encryption", "cleartext"),),
        files={"etc/mosquitto/mosquitto.conf": f"{OPEN}listener $plain $host\n"},
        ports={"plain": "tcp mqtt", "tls": "tcp mqtts"},
        before=("plain",),
        then=("tls",),
        fill={"<CERTIFICATE>": "$rsa_cert", "<KEY>": "$rsa_key"},
        meets={r"1883\b": r"$plain\b", "8883": "$tls $host"},
    ),
    _weak(
        "for everybody",
        "mosquitto-login",
        (("mqtt-anonymous-access", "anonymous"), ("client-authentication", "guests")),
        TLS,
        client=f"{PUBLISH} --cafile $rsa_cert -u gateway -P k3h-Dp2-x8Q",
        fill={"<USER>": "gateway"},
        knows=False,
    ),
    _weak(
        "without client certificates",
        "mosquitto-client-certificates",
        (("client-authentication", "guests"),),
        TLS,
        client=f"{PUBLISH} --cafile $rsa_cert --cert $rsa_cert --key $rsa_key",
        fill={"<CA>": "$rsa_cert"},
        beside=("mqtt-anonymous-access",),
    ),
    _weak(
        "old versions",
        "mosquitto-tls-versions",
        (("tls-versions", "tls-1.0-1.1"),),
        f"{TLS}tls_version tlsv1.1\nciphers ALL:@SECLEVEL=0\n",
    ),
    _weak(
        "every suite that there is",
        "mosquitto-ciphers",
        (
            ("forward-secrecy", "accepted-beside"),
            ("tls-weak-ciphers", "broken"),
            ("short-authentication-tags", "gateway"),
            ("key-exchange-strength", "short-prime"),
            ("handshake-signatures", "accepted"),
        ),
        f"{TLS}ciphers ALL:eNULL:@SECLEVEL=0\ndhparamfile $dh1024\n",
    ),
    *(
        _weak(
            f"with a chain: {name}",
            "mosquitto-chain",
            shows,
            f"listener $tls $host\ncertfile ${name}\nkeyfile $key\n",
            client=f"{PUBLISH} --cafile $store",
            fill={"<CERTIFICATE>": "$leaf", "<INTERMEDIATES>": "$middle"},
        )
        for name, shows in CHAINS.items()
    ),
    _weak(
        "as it comes",
        "mosquitto-ciphers",
        (("forward-secrecy", "accepted-beside"),),
        TLS,
    ),
    _weak(
        "plain pre-shared keys",
        "mosquitto-psk-ciphers",
        (("tls-pre-shared-keys", "gateway"), ("forward-secrecy", "accepted-beside")),
        f"{PSK}ciphers PSK-AES128-CBC-SHA256\n",
        client=PSK_PUBLISH,
    ),
)
