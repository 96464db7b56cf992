"""The real servers of a plant, each in a process of its own.

``modbus`` is pymodbus, ``opc-ua`` and ``opc-ua-secure`` asyncua, ``ethernet-ip`` cpppo, ``iso-tsap`` python-snap7,
``bacnet`` bacpypes3.
"""

import asyncio
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.observe.network.daemons import HOST, accepts, free_port, running


def modbus(address: str, port: int) -> None:
    from pymodbus import ModbusDeviceIdentification
    from pymodbus.server import StartTcpServer
    from pymodbus.simulator import DataType, SimData, SimDevice

    names = {"VendorName": "Acme", "ProductCode": "PLC-7", "MajorMinorRevision": "1.2"}
    registers = SimData(0, count=10, values=1, datatype=DataType.REGISTERS)
    StartTcpServer(
        SimDevice(1, registers), identity=ModbusDeviceIdentification(info_name=names), address=(address, port)
    )


def opc_ua(address: str, port: int) -> None:
    asyncio.run(_opc_ua(address, port, is_secure=False))


def opc_ua_secure(address: str, port: int) -> None:
    asyncio.run(_opc_ua(address, port, is_secure=True))


async def _opc_ua(address: str, port: int, *, is_secure: bool) -> None:
    from asyncua import Server, ua
    from asyncua.crypto.cert_gen import setup_self_signed_certificate
    from cryptography.x509.oid import ExtendedKeyUsageOID

    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://{address}:{port}/acme")
    server.set_server_name("Acme UA")
    if is_secure:
        folder = Path(tempfile.mkdtemp())
        key, certificate = folder / "key.pem", folder / "certificate.der"
        use = [ExtendedKeyUsageOID.SERVER_AUTH]
        uri = "urn:freeopcua:python:server"
        await setup_self_signed_certificate(key, certificate, uri, "acme", use, {"commonName": "acme"})
        await server.load_certificate(str(certificate))
        await server.load_private_key(str(key))
        server.set_security_policy([ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt])
        server.set_identity_tokens([ua.UserNameIdentityToken])
    async with server:
        await asyncio.Event().wait()


def ethernet_ip(address: str, port: int) -> None:
    from cpppo.server.enip.main import main

    main(argv=["-a", f"{address}:{port}", "SCADA=INT[1]"])


def iso_tsap(address: str, port: int) -> None:
    from snap7.server import Server

    Server().start_to(address, port)
    threading.Event().wait()


def bacnet(address: str, port: int) -> None:
    from bacpypes3.app import Application
    from bacpypes3.local.device import DeviceObject
    from bacpypes3.local.networkport import NetworkPortObject

    async def main() -> None:
        device = DeviceObject(objectIdentifier=("device", 260001), objectName="Air handler", vendorIdentifier=999)
        link = NetworkPortObject(f"{address}/24:{port}", objectIdentifier=("network-port", 1), objectName="port")
        Application.from_object_list([device, link])
        await asyncio.Event().wait()

    asyncio.run(main())


KINDS: Final[Mapping[str, Callable[[str, int], None]]] = {
    "modbus": modbus,
    "opc-ua": opc_ua,
    "opc-ua-secure": opc_ua_secure,
    "ethernet-ip": ethernet_ip,
    "iso-tsap": iso_tsap,
    "bacnet": bacnet,
}


def command(kind: str, address: str, port: int) -> tuple[str, ...]:
    """The command line that runs one of them in the foreground, from any folder."""
    root = str(Path(__file__).parents[3])
    program = (
        f"import sys; sys.path.insert(0, {root!r}); from {__name__} import KINDS; KINDS[{kind!r}]({address!r}, {port})"
    )
    return (sys.executable, "-c", program)


@contextmanager
def plant(kind: str, folder: Path) -> Iterator[int]:
    """One of them on loopback; yields its TCP port."""
    port = free_port()
    with running(command(kind, HOST, port), lambda: accepts(port), cwd=folder):
        yield port
