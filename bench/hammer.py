"""A client that costs little: the same request again and again, over some connections."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Struck:
    """What came of it."""

    requests: int
    seconds: float
    cpu_seconds: float  # of the server
    length: int  # bytes of the last body

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds

    @property
    def cost(self) -> float:
        """Microseconds of the server's processor per request."""
        return self.cpu_seconds / self.requests * 1e6


async def hammer(pid: int, port: int, request: bytes, count: int, connections: int = 8) -> Struck:
    """Send a request `count` times to a server of this machine; any answer but 2xx is an error."""
    left = count
    length = 0

    async def one() -> None:
        nonlocal left, length
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
        while left > 0:
            left -= 1
            writer.write(request)
            head = await reader.readuntil(_END)
            if not head.startswith(b"HTTP/1.1 2"):
                raise RuntimeError(f"{request[:200]!r}: {head!r}")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            await reader.readexactly(length)
        writer.close()
        await writer.wait_closed()

    cpu = cpu_of(pid)
    began_at = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(connections)))
    seconds = time.perf_counter() - began_at
    return Struck(count, seconds, cpu_of(pid) - cpu, length)


def cpu_of(pid: int) -> float:
    """Return the seconds that the threads of a process have run so far, by the kernel's count."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(one.read_text(encoding="ascii").split()[0]) for one in threads) / 1e9
