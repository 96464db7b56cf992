"""Tunnels check who is at the other end and use current algorithms.

## What it looks at
The tunnels that an image brings up: OpenVPN (ciphers, oldest TLS version, static keys, whether a client makes sure that
it talks to the server), strongSwan (proposals, pre-shared keys in aggressive mode), WireGuard, in which nothing can be
chosen. How good a pre-shared key is, is asked apart: `pre-shared-key-quality`.

## Why it matters
The tunnel is how a gateway is reached when nothing else is: who gets in is behind every firewall. A client that does
not check that it talks to the *server* takes any device of the fleet for it, because all have certificates of the same
CA. In aggressive mode IKEv1 sends a hash made from the pre-shared key to whoever asks, and it is then guessed at
leisure. A static key has no forward secrecy: one device opened on a bench opens all recorded traffic. Blowfish and 3DES
have blocks of 64 bits (SWEET32); compression before encryption tells what is inside (VORACLE).

## How to fix
OpenVPN: `remote-cert-tls server` and `verify-x509-name` in every client, `data-ciphers AES-256-GCM:CHACHA20-POLY1305`,
`tls-version-min 1.2`, no `secret`, no `comp-lzo`, no `verify-client-cert none`. strongSwan: `keyexchange=ikev2`, `ike=`
and `esp=` with `aes256gcm16-prfsha384-ecp384` or `aes256-sha256-x25519`, certificates instead of `authby=secret`, never
`aggressive=yes`. Or WireGuard with a key pair for each device.

## References
- openvpn(8), ipsec.conf(5), swanctl.conf(5)
- RFC 8247 and RFC 8221 (algorithms of IKEv2 and ESP), RFC 9395 (IKEv1 is deprecated)
- CVE-2016-2183 (SWEET32), CVE-2018-5389 (IKEv1 and weak pre-shared keys)
"""

from iotscan.sdk import Returned, Subject, Target, Verdict, VpnTunnel, VpnTunnels, bad, check, clause, good


@check(
    id="vpn-configuration",
    title="Tunnels check the other end and use current algorithms",
    element="communication",
    variants={
        "peer-not-checked": ("high", "A tunnel takes any certificate of its CA for the server, or asks for none"),
        "aggressive": ("high", "A tunnel gives away what its pre-shared key can be guessed from"),
        "broken": ("high", "A tunnel accepts no encryption or one that is broken"),
        "static-key": ("medium", "A tunnel has one static key for all its traffic"),
        "weak": ("medium", "A tunnel accepts weak algorithms, old TLS versions or compression"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("OWASP IoT Top 10", "2018", "I7"),
        clause("IEC 62443-4-2", "2019", "CR 4.3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("configuration", "crypto", "image"),
    since="0.1",
    effort="low",
)
def vpn_configuration(found: VpnTunnels, target: Target) -> Returned:
    """Each shortcoming of each tunnel is a verdict of its own."""
    verdicts = [v for tunnel in found.tunnels for v in judge(tunnel, target.subject.image)]
    if verdicts:
        return verdicts
    for tunnel in found.tunnels:
        tunnel.checks_peer.value  # noqa: B018  # reading an unanswered question makes the result not assessed
    kinds = dict.fromkeys(f"{t.system} by {t.authentication}" for t in found.tunnels)
    return good(f"nothing weak in {len(found.tunnels)} tunnels", observed=", ".join(kinds))


def judge(tunnel: VpnTunnel, image: str) -> list[Verdict]:
    """The findings about one tunnel."""
    place = Subject(image=image, path=tunnel.path, line=tunnel.line)
    name = f"the {tunnel.system} tunnel {tunnel.name!r}"
    said: list[Verdict] = []
    if tunnel.authentication == "none" or tunnel.checks_peer.known is False:
        text = (
            "asks nobody for a certificate" if tunnel.authentication == "none" else "does not check who the server is"
        )
        expected = "a certificate of the right purpose and name"
        seen = f"{place}: {tunnel.role}, authentication by {tunnel.authentication}, nothing about the other end"
        said.append(bad("peer-not-checked", f"{name} {text}", observed=seen, expected=expected, about=place))
    if tunnel.is_aggressive and tunnel.authentication == "psk":
        seen = f"{place}: IKEv1, aggressive mode, pre-shared key"
        text = f"{name} uses aggressive mode with a pre-shared key"
        said.append(bad("aggressive", text, observed=seen, expected="IKEv2 with certificates", about=place))
    if tunnel.authentication == "static-key":
        text = f"{name} has one static key for all its traffic"
        said.append(bad("static-key", text, observed=f"{place}: static key", expected="TLS mode", about=place))
    for weak in tunnel.weak:
        where = Subject(image=image, path=tunnel.path, line=weak.line)
        said.append(
            bad(
                "broken" if weak.is_broken else "weak",
                f"{name} accepts {weak.name}",
                observed=f"{where}: {weak.name}",
                expected="AES-GCM or ChaCha20-Poly1305, SHA-2, groups of 2048 bits or curves, TLS 1.2",
                about=where,
                part=weak.name,
            )
        )
    return said
