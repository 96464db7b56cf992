"""What the first start makes: host keys, and passwords with where they come from."""

from pathlib import Path

import pytest

from iotscan.model.facts import FirstBoot
from iotscan.observe.image.inspectors import first_boot
from iotscan.observe.image.readers.folder import FolderTree
from tests.observe.image.looking import a_root, heard_of
from tests.observe.image.started_roots import buildroot, debian, openwrt

UNITS = "usr/lib/systemd/system"


def found(tree: FolderTree) -> FirstBoot:
    (fact,) = heard_of(first_boot.INSPECTOR, tree).facts
    assert isinstance(fact, FirstBoot)
    return fact


def made(tree: FolderTree) -> list[tuple[int, str, str, str, bool]]:
    return [(p.line, p.tool, p.account, p.made_from, p.keyed) for p in found(tree).password_makers]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (
            'MAC=$(cat /sys/class/net/eth0/address | tr -d :)\necho "root:$MAC" | chpasswd\n',
            (3, "chpasswd", "root", "mac", False),
        ),
        (
            "read -r ADDR < /sys/class/net/wlan0/address\nPW=`echo -n $ADDR | md5sum | cut -c1-8`\n"
            'printf "%s\\n%s\\n" "$PW" "$PW" | passwd admin\n',
            (4, "passwd", "admin", "mac", False),
        ),
        (
            'SN=$(cat /proc/device-tree/serial-number)\nusermod -p "$(openssl passwd -6 $SN)" gw\n',
            (3, "usermod", "gw", "serial", False),
        ),
        (
            'SN=$(fw_printenv -n ethaddr)\nPW=$(echo -n $SN | openssl dgst -sha256 -hmac "$KEY")\n'
            'echo "root:$PW" | chpasswd\n',
            (4, "chpasswd", "root", "mac", True),
        ),
        (
            "PW=$(head -c 12 /dev/urandom | base64)\necho root:$PW | chpasswd\n",
            (3, "chpasswd", "root", "random", False),
        ),
        ("echo 'root:gateway' | chpasswd\n", (2, "chpasswd", "root", "constant", False)),
        ("PW=gateway\necho root:$PW | chpasswd\n", (3, "chpasswd", "root", "constant", False)),
        ("chpasswd < /data/secret\n", (2, "chpasswd", "", "unknown", False)),
        ("passwd root\n", (2, "passwd", "root", "unknown", False)),
        ("uci set wireless.@wifi-iface[0].key=$(get_mac_label)\n", (2, "uci", "(wireless)", "mac", False)),
        ("cp /data/shadow /etc/shadow\n", (2, "cp", "", "unknown", False)),
        ("cp /etc/shadow /data/shadow\n", None),
        ("# echo root:$MAC | chpasswd\necho 'run chpasswd'\n", None),
        ("MAC=$(cat /sys/class/net/eth0/address)\nhostname gw-$MAC\n", None),
    ],
)
def test_passwords_that_a_script_makes(tmp_path: Path, script: str, expected: tuple[int, str, str, str, bool]) -> None:
    tree = openwrt(tmp_path, {"etc/uci-defaults/99-pw": f"#!/bin/sh\n{script}"})
    assert made(tree) == ([expected] if expected else [])


def keys(tree: FolderTree) -> set[tuple[str, str, bool]]:
    return {(k.tool, k.makes, k.removes) for k in found(tree).key_makers}


def test_host_keys_of_buildroot(tmp_path: Path) -> None:
    script = (
        '#!/bin/sh\nDROPBEAR_ARGS="$DROPBEAR_ARGS -R"\nstart-stop-daemon -S -x /usr/sbin/dropbear -- $DROPBEAR_ARGS\n'
    )
    tree = buildroot(tmp_path, {"etc/init.d/S50dropbear": script})
    assert found(tree).ssh_servers == ("dropbear",)
    assert keys(tree) == {("dropbear -R", "ssh-host-key", False)}


def test_host_keys_of_openwrt(tmp_path: Path) -> None:
    script = (
        "#!/bin/sh /etc/rc.common\nSTART=19\nPROG=/usr/sbin/dropbear\nhk_generate() {\n"
        '\tdropbearkey -t "$1" -f /etc/dropbear/key\n}\nstart_service() {\n\tprocd_set_param command "$PROG" -F\n}\n'
    )
    tls = "#!/bin/sh /etc/rc.common\ngenerate_keys() {\n\t/usr/sbin/px5g selfsigned -days 730\n}\n"
    files = {"etc/init.d/dropbear": script, "etc/init.d/uhttpd": tls}
    links = {"etc/rc.d/S19dropbear": "../init.d/dropbear", "etc/rc.d/S50uhttpd": "../init.d/uhttpd"}
    tree = openwrt(tmp_path, files, links)
    assert found(tree).ssh_servers == ("dropbear",)
    assert keys(tree) == {("dropbearkey", "ssh-host-key", False), ("px5g", "tls-key", False)}


def test_host_keys_of_systemd_images(tmp_path: Path) -> None:
    files = {
        f"{UNITS}/sshd.service": "[Unit]\nWants=sshdgenkeys.service\n[Service]\nExecStart=/usr/sbin/sshd -D\n",
        f"{UNITS}/sshdgenkeys.service": "[Service]\nExecStart=/usr/libexec/openssh/sshd_check_keys\nType=oneshot\n",
        "usr/libexec/openssh/sshd_check_keys": "#!/bin/sh\nssh-keygen -q -f /etc/ssh/ssh_host_rsa_key -N '' -t rsa\n",
        f"{UNITS}/regen.service": "[Service]\nType=oneshot\nExecStartPre=-/bin/sh -c 'rm -f -v /etc/ssh/ssh_host_*'\n"
        "ExecStart=/usr/bin/ssh-keygen -A -v\n",
    }
    tree = debian(tmp_path, files, wants=("sshd.service", "regen.service"))
    assert found(tree).ssh_servers == ("sshd",)
    assert keys(tree) == {("ssh-keygen", "ssh-host-key", False), ("rm", "ssh-host-key", True)}
    assert {k.path for k in found(tree).key_makers} == {
        "/usr/libexec/openssh/sshd_check_keys",
        f"/{UNITS}/regen.service",
    }


@pytest.mark.parametrize(("line", "removes"), [("", True), ("ssh_deletekeys: false\n", False)])
def test_cloud_init(tmp_path: Path, line: str, removes: bool) -> None:
    files = {
        f"{UNITS}/cloud-init.service": "[Service]\nType=oneshot\nExecStart=/usr/bin/cloud-init init\n",
        "usr/bin/cloud-init": "#!/usr/bin/python3\n",
        "etc/cloud/cloud.cfg": f"users:\n  - default\n{line}",
    }
    assert keys(debian(tmp_path, files, wants=("cloud-init.service",))) == {("cloud-init", "ssh-host-key", removes)}


def test_nothing_is_known_where_the_init_system_is_not(tmp_path: Path) -> None:
    fact = found(a_root(tmp_path))
    assert (fact.start.is_answered, fact.key_makers, fact.password_makers) == (False, (), ())
