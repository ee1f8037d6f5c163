"""What was asked of the emulated cloud: counts per route, and the last requests."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import MutableMapping
from dataclasses import asdict, dataclass
from typing import Any

Scope = MutableMapping[str, Any]

ROUTE = "m365sim.route"  # the key under which a surface leaves its route template in the ASGI scope
UNMODELLED = "m365sim.unmodelled"  # set in the ASGI scope by a surface that has no such route
REMEMBERED = 500  # requests

_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Seen:
    """One request, as it was answered."""

    surface: str
    method: str
    route: str
    path: str
    query: str
    status: int
    fault: str | None = None


class Traffic:
    """Counters of requests and the last few of them."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str, str]] = Counter()
        self.not_modelled: Counter[tuple[str, str, str]] = Counter()
        self.statuses: Counter[tuple[str, int]] = Counter()
        self.last: deque[Seen] = deque(maxlen=REMEMBERED)

    def note(self, surface: str, scope: Scope, status: int, fault: str | None = None) -> None:
        """Count a request from its ASGI scope; surfaces without templates have ids blanked."""
        path: str = scope["path"]
        route = scope.get(ROUTE) or _GUID.sub("{id}", path)
        key = (surface, scope["method"], route)
        self.counts[key] += 1
        self.statuses[surface, status] += 1
        if scope.get(UNMODELLED):
            self.not_modelled[surface, scope["method"], _GUID.sub("{id}", path)] += 1
        query = scope.get("query_string", b"").decode("latin-1")
        self.last.append(
            Seen(
                surface,
                scope["method"],
                route,
                path,
                _redacted(query) if query else "",
                status,
                fault,
            )
        )

    def clear(self) -> None:
        """Forget everything counted so far."""
        for counter in (self.counts, self.not_modelled, self.statuses):
            counter.clear()
        self.last.clear()

    def report(self, last: int = 50) -> dict[str, object]:
        """Return the counts and the last requests, ready for JSON."""
        return {
            "counts": _rows(self.counts),
            "notModelled": _rows(self.not_modelled),
            "statuses": [
                {"surface": surface, "status": status, "count": count}
                for (surface, status), count in sorted(self.statuses.items())
            ],
            "last": [asdict(seen) for seen in list(self.last)[-last:]] if last else [],
        }


def _rows(counter: Counter[tuple[str, str, str]]) -> list[dict[str, object]]:
    return [
        {"surface": surface, "method": method, "route": route, "count": count}
        for (surface, method, route), count in sorted(counter.items())
    ]


def _redacted(query: str) -> str:
    return re.sub(r"((?:tempauth|code|client_secret)=)[^&]*", r"\1...", query)
