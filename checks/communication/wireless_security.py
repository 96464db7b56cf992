"""Radio networks are encrypted, and their keys are not for everybody.

## What it looks at
The networks that an image opens (hostapd, OpenWrt, access points of NetworkManager) and those it is set to join
(wpa_supplicant, NetworkManager, OpenWrt): encryption, TKIP and the first WPA, WEP, joining by WPS with a PIN; with IEEE
802.1X whether the server's certificate is tried against a CA before a name and a password are given away. Of
zigbee2mqtt the key of its Zigbee network. How good the passwords are is asked apart: `pre-shared-key-quality`.

## Why it matters
What goes over a radio goes to the street. An open network or WEP is read by anyone there; TKIP has been broken since
2008. The eight digits of a WPS PIN are guessed in hours, in two halves, and give the password away. A client that does
not try the certificate hands its credentials to whoever sets up an access point of the same name. The default key of a
Zigbee network is in its documentation: with it lamps and locks obey a stranger in front of the house.

## How to fix
hostapd: `wpa=2`, `wpa_key_mgmt=SAE WPA-PSK`, `rsn_pairwise=CCMP`, `ieee80211w=1`, `wps_state=0`. wpa_supplicant:
`proto=RSN`, `pairwise=CCMP`, and with `eap=` always `ca_cert=` and `domain_suffix_match=`. OpenWrt: `option encryption
'sae-mixed'`, no `wps_label`; `option ca_cert` for a client. NetworkManager: `ca-cert=` in the section `802-1x`.
zigbee2mqtt: the word `GENERATE` for `network_key` below `advanced`, then pair the devices again.

## References
- hostapd.conf, wpa_supplicant.conf(5), nm-settings-keyfile(5), OpenWrt user guide, zigbee2mqtt documentation
- ETSI EN 303 645 V3.1.3 provision 5.5-1
- CVE-2020-26144 and its like (what is left of TKIP and WEP), US-CERT VU#723755 (WPS)
"""

from iotscan.sdk import Returned, Subject, Target, Verdict, WirelessNetwork, WirelessNetworks, bad, check, clause, good


@check(
    id="wireless-security",
    title="Radio networks are encrypted with current methods, and servers are checked",
    element="communication",
    variants={
        "open": ("high", "A network is opened without encryption, or with WEP"),
        "open-joined": ("medium", "A network without encryption, or with WEP, is joined"),
        "no-server-check": ("high", "Credentials are given to whoever says to be the network"),
        "wps-pin": ("high", "A network lets in who guesses a WPS PIN"),
        "published-key": ("high", "A Zigbee network has the key of the documentation"),
        "old-wpa": ("medium", "A network accepts the first WPA or TKIP"),
        "shared-key": ("medium", "A Zigbee network has the same key on every device made from the image"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("OWASP IoT Top 10", "2018", "I7"),
        clause("IEC 62443-4-2", "2019", "CR 4.1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("configuration", "credentials", "image"),
    since="0.1",
    effort="low",
)
def wireless_security(found: WirelessNetworks, target: Target) -> Returned:
    """Judge each network by the worst that holds."""
    image = target.subject.image
    verdicts = [judge(n, Subject(image=image, path=n.path, line=n.line)) for n in found.networks]
    named = [verdict for verdict in verdicts if verdict is not None]
    if named:
        return named
    for network in found.networks:
        network.checks_server.value  # noqa: B018  # reading an unanswered question makes the result not assessed
    kinds = dict.fromkeys(p for n in found.networks for p in n.protections)
    return good(f"each of {len(found.networks)} networks is encrypted", observed=", ".join(kinds))


def judge(network: WirelessNetwork, place: Subject) -> Verdict | None:
    """The finding about one, None where there is none."""
    name = f" {network.name!r}" if network.name else ""
    kinds = set(network.protections)
    is_opened = network.role == "opens"
    seen = f"{place}: {', '.join(network.protections)}{', TKIP' if network.has_tkip else ''}"
    verb = "opened" if is_opened else "joined"
    if kinds & {"open", "wep"}:
        variant = "open" if is_opened else "open-joined"
        how = "with WEP" if "wep" in kinds else "without encryption"
        said, expected = f"the network{name} is {verb} {how}", "WPA3 (SAE) or WPA2 with CCMP"
    elif network.key == "published":
        variant, said = "published-key", "the Zigbee network has the key of the documentation"
        seen, expected = f"{place}: no network_key of its own", "GENERATE for network_key"
    elif network.checks_server.known is False:
        variant, said = "no-server-check", f"the network{name} is joined without a look at who the server is"
        seen, expected = f"{place}: IEEE 802.1X, no CA certificate", "a CA certificate and the name of the server"
    elif network.wps == "pin":
        variant, said = "wps-pin", f"the network{name} is joined by a WPS PIN"
        seen, expected = f"{place}: WPS with PIN", "no WPS, or the button alone"
    elif "wpa" in kinds or network.has_tkip:
        variant, said = "old-wpa", f"the network{name} accepts {'the first WPA' if 'wpa' in kinds else 'TKIP'}"
        expected = "WPA2 or WPA3 with CCMP or GCMP only"
    elif network.key == "fixed":
        variant, said = "shared-key", "the Zigbee network has a key that is the same on every device"
        seen, expected = f"{place}: network_key written out", "GENERATE for network_key"
    else:
        return None
    return bad(variant, said, observed=seen, expected=expected, about=place, part=network.name)
