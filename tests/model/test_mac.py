"""MAC addresses in their spellings, the roles that some stand for, and those that an address is made of."""

import pytest

from iotscan.model.mac import is_of_one_interface, mac_in, plain_mac, virtual_role


@pytest.mark.parametrize("word", ["00:11:22:AA:bb:cc", "00-11-22-aa-bb-cc", "0011.22aa.bbcc", " 001122aabbcc "])
def test_spellings(word: str):
    assert plain_mac(word) == "00:11:22:aa:bb:cc"


@pytest.mark.parametrize(
    ("mac", "role"),
    [
        ("00:00:5e:00:01:07", "VRRP or CARP"),
        ("00:00:5E:00:02:01", "VRRP for IPv6"),
        ("00:00:0c:07:ac:01", "HSRP"),
        ("00:00:0c:9f:f0:01", "HSRP version 2"),
        ("00:05:73:a0:00:01", "HSRP for IPv6"),
        ("00:07:b4:01:02:01", "GLBP"),
        ("00:00:0c:11:22:33", ""),
        ("00:00:5e:90:01:01", ""),
        ("", ""),
    ],
)
def test_a_role_is_no_interface(mac: str, role: str):
    assert virtual_role(mac) == role
    assert is_of_one_interface(mac) is (not role and bool(mac))


@pytest.mark.parametrize(
    ("address", "mac"),
    [
        ("fe80::211:22ff:fe33:4455%eth0", "00:11:22:33:44:55"),
        ("2001:db8::211:22ff:fe33:4455", "00:11:22:33:44:55"),
        ("2001:db8::11:22ff:fe33:4455", ""),  # the U/L bit says local
        ("2001:db8::200:5eff:fe00:101", ""),  # VRRP
        ("2001:db8::8d1f:33a1:55d0:1", ""),
        ("192.0.2.7", ""),
        ("nonsense", ""),
    ],
)
def test_the_mac_that_an_address_is_made_of(address: str, mac: str):
    assert mac_in(address) == mac
