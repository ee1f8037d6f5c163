import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from fairlead.http import EgressPolicy, Transport
from fairlead.model.clock import ManualClock

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


@pytest.fixture
async def serve():
    """Start small servers on loopback: `url = await serve(handler)`."""
    runners = []

    async def start(handler, *, host="127.0.0.1"):
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", handler)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        runners.append(runner)
        site = web.TCPSite(runner, host, 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]
        return f"http://{host}:{port}"

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def raw_server():
    """A server that answers every connection with the bytes given."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(answer: bytes, *, close=True):
            connections = []

            async def talk(reader, writer):
                connections.append(writer)
                with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                    await reader.readuntil(b"\r\n\r\n")
                    writer.write(answer)
                    await writer.drain()
                if close:
                    writer.close()

            server = await asyncio.start_server(talk, "127.0.0.1", 0)

            async def stop():
                for writer in connections:
                    writer.close()
                server.close()

            stack.push_async_callback(stop)
            return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

        yield start


@pytest.fixture
async def open_transport():
    async with contextlib.AsyncExitStack() as stack:

        async def start(*allow, idle=60.0, connect=10.0, connections=100):
            transport = await Transport.open(
                EgressPolicy(allow or ["127.0.0.0/8"]),
                clock=ManualClock(NOW),
                connections=connections,
                connect_timeout=timedelta(seconds=connect),
                idle_timeout=timedelta(seconds=idle),
            )
            return await stack.enter_async_context(transport)

        yield start


@pytest.fixture
async def transport(open_transport):
    return await open_transport()
