"""A process of many that all want one connection's token: `refresh_worker.py URL KEY CALLERS`.

Says `ready`, and for each line of its input, JSON with a connection's number and arguments of
`fresh_credentials`, asks as CALLERS tasks at once; it answers with the different tokens that they
got. The providers are those of FAIRLEAD_MICROSOFT_CLOUD.
"""

import asyncio
import json
import sys
from typing import Any

import structlog

from fairlead.connect.freshen import Freshener
from fairlead.connect.validity import token_of
from fairlead.http import EgressPolicy, Transport
from fairlead.model.clock import SystemClock
from fairlead.model.connection import Connection
from fairlead.sdk import load_packs
from fairlead.store import Database, connections
from fairlead.vault import Vault


async def main(url: str, key: str, callers: str) -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    db, clock = await Database.open(url), SystemClock()
    transport = await Transport.open(EgressPolicy(["127.0.0.1"]), clock=clock)
    freshener = Freshener(db, Vault.of(key), load_packs(), transport, clock)
    print("ready", flush=True)  # noqa: T201 - what the test waits for

    async def one(connection: Connection, wanted: dict[str, Any]) -> str:
        return token_of(await freshener.fresh_credentials(connection, **wanted))

    while line := await asyncio.to_thread(sys.stdin.readline):
        pk, wanted = json.loads(line)
        freshener.forget(pk)
        async with db.read() as tx:
            connection = await connections.by_pk(tx, pk)
        assert connection
        got = await asyncio.gather(*(one(connection, wanted) for _ in range(int(callers))))
        print(json.dumps(sorted(set(got))), flush=True)  # noqa: T201
    await freshener.close()
    await transport.close()
    await db.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
