"""What this process counts, and how things stand, in Prometheus's text format.

https://prometheus.io/docs/instrumenting/exposition_formats/; the library is loaded when somebody
asks, so that a server nobody watches does not hold it.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from fairlead.observe.meters import BUCKETS, Count, Meters, Timing
from fairlead.store.gauges import Gauge

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric


def exposition(meters: Meters, gauges: Sequence[Gauge]) -> tuple[str, bytes]:
    """Return the content type and the text."""
    from prometheus_client import CollectorRegistry  # noqa: PLC0415  # see above
    from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest  # noqa: PLC0415

    class Collector:
        def collect(self) -> "Iterator[Metric]":
            yield from map(_histogram, meters.timings())
            yield from map(_counter, meters.counts())
            yield from map(_gauge, gauges)

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collector())
    return CONTENT_TYPE_LATEST, generate_latest(registry)


def _histogram(timing: Timing) -> "Metric":
    from prometheus_client.core import HistogramMetricFamily  # noqa: PLC0415

    family = HistogramMetricFamily(timing.name, timing.help, labels=timing.labels)
    ends = [*(f"{end:g}" for end in BUCKETS), "+Inf"]
    for labels, (numbers, [seconds]) in list(timing.rows.items()):
        below, buckets = 0, []
        for end, number in zip(ends, numbers, strict=True):
            below += number
            buckets.append((end, below))
        family.add_metric(labels, buckets=buckets, sum_value=seconds)
    return family


def _counter(count: Count) -> "Metric":
    from prometheus_client.core import CounterMetricFamily  # noqa: PLC0415

    family = CounterMetricFamily(count.name, count.help, labels=count.labels)
    for labels, number in list(count.rows.items()):
        family.add_metric(labels, number)
    return family


def _gauge(gauge: Gauge) -> "Metric":
    from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415

    family = GaugeMetricFamily(gauge.name, gauge.help, labels=gauge.labels)
    for labels, value in gauge.rows.items():
        family.add_metric(labels, value)
    return family
