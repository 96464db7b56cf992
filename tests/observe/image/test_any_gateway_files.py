"""What radio, tunnels and web interfaces have in common: nothing there is absent, and any text is survived."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iotscan.observe.heard import Heard
from iotscan.observe.image.inspectors import admin, tunnels, wireless
from tests.observe.image.gateways import a_gateway
from tests.observe.image.looking import a_root, heard_of


def test_what_is_not_there_is_absent(tmp_path: Path) -> None:
    tree = a_gateway(tmp_path, ["/bin/sh"])
    for inspector in (wireless.INSPECTOR, tunnels.INSPECTOR, admin.INSPECTOR):
        assert heard_of(inspector, tree) == Heard()


PIECES = """network={\n|}\n|key_mgmt=NONE\n|eap=PEAP\n|ssid=x\n|wpa=9\n|wpa=-\n|bss=\n|config wifi-iface\n|
[connection]\n|option encryption 'x+'\n|conn x\n|  also=x\n|  auto=start\n|  ike=3des--,\n|connections {|{|a = |
<cert>\n|cipher\n|
tls-cipher ::\n|server\n|client\n|frontend:|  - |adminAuth:|/*|"|`|//|homeassistant:\n|  auth_providers:\n|&a |*a|é|
type=wifi\n"""
PLACES = (
    *("etc/wpa_supplicant.conf", "etc/hostapd.conf", "etc/config/wireless", "etc/ipsec.conf", "etc/openvpn/a.conf"),
    *("etc/swanctl/swanctl.conf", "config/configuration.yaml", "root/.node-red/settings.js"),
    *("opt/zigbee2mqtt/data/configuration.yaml", "etc/NetworkManager/system-connections/a"),
)
STARTS = ["/usr/sbin/hostapd", "/usr/sbin/starter", "/usr/sbin/openvpn --config a.conf", "/usr/bin/hass -c /config"]
STARTS += ["/usr/bin/node-red", "/usr/bin/node /opt/zigbee2mqtt/index.js"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(PIECES.split("|")), max_size=25))
def test_any_file_is_survived(tmp_path: Path, pieces: list[str]) -> None:
    folder = tmp_path / "x"
    if not folder.exists():
        a_gateway(folder, STARTS)
    tree = a_root(folder, dict.fromkeys(PLACES, "".join(pieces)))
    for inspector in (wireless.INSPECTOR, tunnels.INSPECTOR, admin.INSPECTOR):
        heard_of(inspector, tree)
