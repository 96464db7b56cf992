"""What no inspector may tell: passwords that are words, where nothing but their place gives them away."""

from pathlib import Path

import pytest

from iotscan.observe.image.messages import Message, Said
from iotscan.observe.image.posture import look_at, posture
from tests.observe.image.looking import a_root, site_of

SECRET = "hinterhaus"
UNIT = "[Service]\nExecStart={}\n[Install]\nWantedBy=multi-user.target\n"
COMMANDS = (
    f"/usr/bin/mosquitto_sub -h b -u gw -P {SECRET} -t x",
    f"/usr/bin/snmpd -c {SECRET} -Lsd",
    f"/usr/bin/ttyd -c admin:{SECRET} login",
    f"/usr/bin/lwm2mclient -h coaps://gw:{SECRET}@lwm2m.example:5684 -i gw -s {SECRET}",
    f'/bin/sh -c "echo {SECRET} | cryptsetup open /dev/sda3 data"',
    f"/usr/bin/telnetd -l /bin/sh -K {SECRET}",
    f"/usr/bin/socat TCP-LISTEN:99,fork EXEC:/bin/sh,secret={SECRET}",
    f"/usr/bin/mysql -p{SECRET}",
    f"/usr/bin/curl --cert /etc/d.pem:{SECRET} --key /etc/d.key --pass {SECRET} https://m.example",
)
SYSTEMD = {
    **{f"etc/systemd/system/u{n}.service": UNIT.format(command) for n, command in enumerate(COMMANDS)},
    "usr/lib/systemd/systemd": "",
    "usr/lib/systemd/system/default.target": "[Unit]\nWants=multi-user.target\n",
    "usr/lib/systemd/system/multi-user.target": "[Unit]\n",
}
BUSYBOX = {
    "bin/busybox": "",
    "etc/inittab": "::sysinit:/etc/init.d/rcS\n" + "".join(f"::respawn:{command}\n" for command in COMMANDS),
    "etc/init.d/rcS": "#!/bin/sh\n" + "".join(f"{command} &\n" for command in COMMANDS),
    "etc/crontab": "".join(f"* * * * * root {command}\n" for command in COMMANDS),
}
PROGRAMS = {command.split()[0].strip("/"): "#!/bin/true\n" for command in COMMANDS}
OTHERS = {
    "etc/passwd": "root:x:0:0::/root:/bin/sh\n",
    "etc/fstab": f"sshfs#u:{SECRET}@h:/x /x fuse pin={SECRET} 0 0\n//h/s /s cifs username=u,password={SECRET} 0 0\n",
    "boot/uEnv.txt": f"bootcmd=setenv wifi {SECRET}; env set x {SECRET}; run start\nbootdelay=3\n",
    "etc/rauc/system.conf": "[streaming]\n"
    f"tls-cert=pkcs11:object=d?pin-value={SECRET}\ntls-key=pkcs11:object=d?pin-value={SECRET}\n",
    "etc/opkg.conf": f"src/gz a https://u:{SECRET}@feed.example.com/x?key={SECRET}\n",
}


@pytest.mark.parametrize("system", [SYSTEMD, BUSYBOX], ids=["systemd", "busybox"])
def test_no_inspector_tells_a_word_that_opens_something(tmp_path: Path, system: dict[str, str]) -> None:
    tree = a_root(tmp_path, {**OTHERS, **PROGRAMS, **system})
    started = tmp_path / "etc/systemd/system/multi-user.target.wants"
    if system is SYSTEMD:
        started.mkdir()
        for number in range(len(COMMANDS)):
            (started / f"u{number}.service").symlink_to(f"../u{number}.service")
    said: list[Message] = []
    look_at(site_of(tree), "img", said.append)
    observations, _ = posture((one for one in said if isinstance(one, Said)), (), "img")
    facts = {type(seen.fact).__name__: repr(seen.fact) for seen in observations}
    assert {name: text for name, text in facts.items() if SECRET in text} == {}
    # They looked, and told what is no secret.
    assert "'/usr/bin/snmpd'" in facts["StartedServices"]
    assert "'-c', '…'" in facts["StartedServices"]
    assert "coaps://lwm2m.example" in facts["Lwm2mClients"]
    assert "TCP-LISTEN:99" in facts["RemoteShells"]
    assert "sshfs#u:***@h:/x" in facts["Mounts"]
    assert "run start" in facts["BootEnvironments"]
    assert "pkcs11:…" in facts["DeviceIdentities"]
    assert "/etc/d.pem" in facts["DeviceIdentities"]
    assert "https://feed.example.com/x?…" in facts["UpdateSystems"]
