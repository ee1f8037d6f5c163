"""Meters: counters and histograms of this process, as cheap as an entry in a dictionary.

They know no library: `prometheus.py` and `otlp.py` read them when somebody asks. Names and units
follow https://prometheus.io/docs/practices/naming/. Labels are kept few: integrations, functions,
classes of status; never a connection. A metric that gets more than 500 combinations all the same
counts further ones under `other`.
"""

from bisect import bisect_left
from collections.abc import Iterator

#: upper ends of the buckets, in seconds
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
#: combinations of labels of one metric
MOST_SERIES = 500
_OTHER = "other"

#: status -> its class; those that tell something of their own stay what they are
STATUSES = {
    status: str(status) if status in {401, 403, 404, 409, 410, 423, 429} else f"{status // 100}xx"
    for status in range(100, 600)
}

Labels = tuple[str, ...]


class Timing:
    """How often something was done, and how long it took."""

    __slots__ = ("help", "labels", "name", "rows")

    def __init__(self, name: str, about: str, labels: Labels) -> None:
        self.name = name
        self.help = about
        self.labels = labels
        #: labels -> times per bucket, the last without end, and the sum of the seconds
        self.rows: dict[Labels, tuple[list[int], list[float]]] = {}

    def observe(self, labels: Labels, seconds: float) -> None:
        """Note one."""
        row = self.rows.get(labels)
        if row is None:
            if len(self.rows) >= MOST_SERIES:
                labels = (_OTHER,) * len(self.labels)
            row = self.rows.setdefault(labels, ([0] * (len(BUCKETS) + 1), [0.0]))
        row[0][bisect_left(BUCKETS, seconds)] += 1
        row[1][0] += seconds


class Count:
    """How many of something there were."""

    __slots__ = ("help", "labels", "name", "rows")

    def __init__(self, name: str, about: str, labels: Labels) -> None:
        self.name = name
        self.help = about
        self.labels = labels
        self.rows: dict[Labels, float] = {}

    def add(self, labels: Labels, number: float = 1) -> None:
        """Note so many."""
        if labels not in self.rows and len(self.rows) >= MOST_SERIES:
            labels = (_OTHER,) * len(self.labels)
        self.rows[labels] = self.rows.get(labels, 0) + number


class Meters:
    """Everything that this process counts."""

    def __init__(self) -> None:
        self.api = Timing(
            "fairlead_api_request_duration_seconds",
            "Requests to the API, but for the proxy",
            ("method", "route", "status"),
        )
        self.proxy = Timing(
            "fairlead_proxy_request_duration_seconds",
            "Proxied calls, to the end of the answer; status 0: no answer",
            ("integration", "method", "status"),
        )
        self.functions = Timing(
            "fairlead_vendor_request_duration_seconds",
            "Requests that functions sent to vendors; status 0: no answer",
            ("integration", "method", "status"),
        )
        self.actions = Timing(
            "fairlead_action_duration_seconds",
            "Runs of actions that are over",
            ("integration", "function", "state"),
        )
        self.syncs = Timing(
            "fairlead_sync_duration_seconds",
            "Runs of syncs that are over",
            ("integration", "function", "state"),
        )
        self.deliveries = Timing(
            "fairlead_webhook_delivery_duration_seconds",
            "Attempts to deliver events",
            ("type", "outcome"),
        )
        self.records_changed = Count(
            "fairlead_records_changed",
            "Records that syncs changed",
            ("integration", "function", "change"),
        )
        self.renewals = Count(
            "fairlead_token_renewals",
            "Renewals of credentials; outcome: success, or the error's code",
            ("integration", "outcome"),
        )
        self.waits = Count(
            "fairlead_vendor_waits",
            "Waits before a request that a vendor asked for, or was not there",
            ("integration", "reason"),
        )
        self.waited_seconds = Count(
            "fairlead_vendor_waited_seconds",
            "Seconds of those waits",
            ("integration", "reason"),
        )

    def timings(self) -> Iterator[Timing]:
        """Go through the histograms."""
        yield from (each for each in vars(self).values() if isinstance(each, Timing))

    def counts(self) -> Iterator[Count]:
        """Go through the counters."""
        yield from (each for each in vars(self).values() if isinstance(each, Count))
