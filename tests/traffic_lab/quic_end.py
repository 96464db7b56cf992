"""One end of a QUIC connection by aioquic: ``server CHAIN KEY``, or ``client HOST NAME VERSION``."""

import asyncio
import ssl
import sys

from aioquic.asyncio import connect, serve
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.packet import QuicProtocolVersion


async def _serve(chain: str, key: str) -> None:
    """Echo what comes, for ever."""
    settings = QuicConfiguration(is_client=False, alpn_protocols=["hq-interop", "h3"])
    settings.load_cert_chain(chain, key)

    def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def answer() -> None:
            writer.write(await reader.read())
            writer.write_eof()

        asyncio.ensure_future(answer())  # noqa: RUF006  # ends with the program

    await serve("0.0.0.0", 443, configuration=settings, stream_handler=echo, retry=True)
    await asyncio.Event().wait()


async def _ask(host: str, name: str, version: str) -> None:
    """Say hello and print what comes back."""
    chosen = QuicProtocolVersion.VERSION_2 if version == "2" else QuicProtocolVersion.VERSION_1
    settings = QuicConfiguration(alpn_protocols=["hq-interop"], server_name=name, verify_mode=ssl.CERT_NONE)
    settings.original_version, settings.supported_versions = chosen, [chosen]
    async with connect(host, 443, configuration=settings) as connection:
        reader, writer = await connection.create_stream()
        writer.write(b"hello")
        writer.write_eof()
        print((await reader.read()).decode())


if __name__ == "__main__":
    asyncio.run(_serve(*sys.argv[2:]) if sys.argv[1] == "server" else _ask(*sys.argv[2:]))
