"""Damaged and malicious boot chains: facts or named gaps, never an exception, never without end."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iotscan.model.facts import BootKeys, BootMenus, FitImages
from iotscan.observe.heard import Heard
from iotscan.observe.image.inspectors.boot import INSPECTOR
from iotscan.observe.image.site import Site
from tests.observe.image.boot.making import a_partition, a_site, device_tree, facts_of, fit, signature, written
from tests.observe.image.boot.test_android import vbmeta
from tests.observe.image.boot.test_programs import LOADER, installed

Damage = Callable[[bytes], bytes]
_FEW = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@st.composite
def damages(draw: st.DrawFn) -> Damage:
    """A few bytes replaced at places all over, and perhaps the end cut off."""
    changes = draw(st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=12))
    cut = draw(st.sampled_from([1.0, 1.0, 0.9, 0.5, 0.01]))

    def damage(data: bytes) -> bytes:
        made = bytearray(data)
        for where, value in changes:
            made[int(where * len(made))] = value
        return bytes(made[: int(cut * len(made))])

    return damage


def surveyed(site: Site) -> Heard:
    assert INSPECTOR.survey is not None
    return INSPECTOR.survey(site)


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    itb, control = fit(tmp_path_factory.mktemp("fit"), "signed", signed=signature("sha256,rsa2048"))
    return itb.read_bytes(), control.read_bytes()


@_FEW
@given(damage=damages(), other=damages())
def test_any_damage_to_a_fit_and_its_key(signed: tuple[bytes, bytes], damage: Damage, other: Damage) -> None:
    itb, control = signed
    surveyed(a_site(("p1", "fit", damage(itb)), ("p2", "dtb", other(control)), ("p3", "u-boot", other(itb + control))))


@_FEW
@given(damage=damages())
def test_any_damage_to_vbmeta_and_boot_images(damage: Damage) -> None:
    meta = vbmeta(line="root=/dev/dm-0")
    boot = b"ANDROID!" + bytes(32) + (2048).to_bytes(4, "little") + bytes(3000)
    surveyed(a_site(("p1", "vbmeta", damage(meta)), ("p2", "android-boot", damage(boot)), ("p3", "ext4", damage(meta))))


@_FEW
@given(damage=damages())
def test_any_damage_to_a_program(tmp_path_factory: pytest.TempPathFactory, damage: Damage) -> None:
    folder = tmp_path_factory.mktemp("esp")
    files: dict[str, str | bytes] = {"EFI/BOOT/BOOTX64.EFI": damage(installed(LOADER).read_bytes())}
    surveyed(Site(source="test", places=(a_partition("p1", written(folder, files)),)))


def test_what_cannot_be_read_is_missed_and_the_rest_is_not(signed: tuple[bytes, bytes], tmp_path: Path) -> None:
    itb, control = signed
    heard = surveyed(a_site(("p1", "fit", itb[:600]), ("p2", "dtb", control)))
    assert {gap.need for gap in heard.missed} >= {"fit-images", "boot-keys"}
    assert all("p1" in gap.detail for gap in heard.missed)
    assert "boot-stages" in {fact.__struct_config__.tag for fact in heard.facts}


def test_a_megabyte_of_line_ends_costs_no_time(tmp_path: Path) -> None:
    blank = "\n" * (1 << 20)
    spaces = "setenv a " + " " * (1 << 20) + "x"
    files: dict[str, str | bytes] = {
        "grub/grub.cfg": blank,
        "loader/loader.conf": blank,
        "extlinux/extlinux.conf": "append" + " " * (1 << 20),
        "uEnv.txt": spaces,
        "usr/lib/ostree/prepare-root.conf": "[composefs]" + blank,
        "etc/ima/ima-policy": blank,
        "config-6": blank,
    }
    menus = facts_of(Site(source="test", places=(a_partition("p1", written(tmp_path, files)),)))["BootMenus"]
    assert isinstance(menus, BootMenus)
    assert [m.path for m in menus.menus] == ["p1:/loader/loader.conf"]


def test_many_trees_are_not_all_searched(signed: tuple[bytes, bytes]) -> None:
    _, control = signed
    keys = facts_of(a_site(("p1", "u-boot", control * 40)))["BootKeys"]
    assert isinstance(keys, BootKeys)
    assert len(keys.trees) == 1


def test_more_signatures_than_are_tried(signed: tuple[bytes, bytes], tmp_path: Path) -> None:
    many = " ".join(
        f'signature-{n} {{ algo = "sha256,rsa2048"; value = <1>; hashed-nodes = "/"; hashed-strings = <0 8>; }};'
        for n in range(130)
    )
    tree = device_tree(tmp_path, "many", f"images {{ }}; configurations {{ c {{ {many} }}; }};")
    found = facts_of(a_site(("p1", "fit", tree.read_bytes()), ("p2", "dtb", signed[1])))["FitImages"]
    assert isinstance(found, FitImages)
    tried = [s.holds.is_answered for s in found.images[0].configurations[0].signatures]
    assert tried == [True] * 100 + [False] * 30
