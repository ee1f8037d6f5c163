"""A scripted fault: which requests it meets, and what happens to them."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass, field
from random import Random
from typing import Literal

Challenge = Literal["claims"]


@dataclass(slots=True)
class Fault:
    """A rule: the requests it meets, and what happens to them.

    A number that cannot be meant, such as a probability of 2, is a ValueError.
    """

    host: str = "*"  # login | graph | sharepoint, or a glob over the Host header
    method: str = "*"
    path: str = "*"  # a glob over path and query, case-blind; `*` crosses slashes
    skip: int = 0  # so many matching requests pass unharmed first
    count: int | None = 1  # so many requests are hit; None = all
    probability: float = 1.0
    seed: int | None = None  # of the probability; else the script's
    status: int | None = None  # answer this instead of asking the surface
    retry_after: int | None = None  # seconds
    hold: bool = False  # who calls that host again before Retry-After is over is refused again
    rate_limit: int | None = None  # RateLimit-Limit, with none remaining and Retry-After as reset
    code: str | None = None  # of the error envelope
    inner_code: str | None = None
    aadsts: int | None = None  # the login host refuses with this number, in its own words
    challenge: Challenge | None = None  # 401 with a claims challenge, as continuous access has it
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None  # instead of the error envelope
    cut_after: int | None = None  # the answer breaks off after so many bytes of its body
    delay: float = 0.0  # seconds before anything is answered
    bandwidth: int | None = None  # bytes a second at which the answer's body is sent
    id: str = ""
    hits: int = 0
    random: Random | None = field(default=None, repr=False)  # of the probability

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise ValueError("the probability of a fault is between 0 and 1")
        if self.status is not None and not 200 <= self.status <= 599:
            raise ValueError("the status of a fault is between 200 and 599")
        if self.bandwidth is not None and self.bandwidth < 1:
            raise ValueError("the bandwidth of a fault is at least 1 byte a second")
        for name in ("skip", "count", "retry_after", "rate_limit", "cut_after", "delay"):
            if (getattr(self, name) or 0) < 0:
                raise ValueError(f"the {name} of a fault cannot be negative")

    @property
    def answer(self) -> int | None:
        """The status that is answered instead of asking the surface, if any is."""
        if self.status is not None:
            return self.status
        if self.challenge is not None:
            return 401
        return 400 if self.aadsts is not None else None

    def meets(self, host: str, method: str, target: str, name: str = "") -> bool:
        """Tell whether a request is one of those this rule is about; `name` is its Host header."""
        wanted = self.host.lower()
        if wanted not in ("*", host) and not fnmatch.fnmatchcase(name, wanted):
            return False
        if self.method.upper() not in ("*", method):
            return False
        return re.match(fnmatch.translate(self.path.lower()), target.lower()) is not None

    def strikes(self) -> bool:
        """Throw the dice, if there are any to throw."""
        if self.probability >= 1:
            return True
        return self.random is None or self.random.random() < self.probability
