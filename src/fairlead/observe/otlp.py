"""Traces, metrics and logs for whoever understands OTLP over HTTP; needs `fairlead[otel]`.

Spans are made of operations when those are written down, so that no call waits for them; their ids
follow from the operation's, so that its requests find their parent whenever they come. Attributes
follow https://opentelemetry.io/docs/specs/semconv/http/http-spans/; ours begin with `fairlead.`.
The library is loaded only if FAIRLEAD_OTLP_ENDPOINT is set.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import structlog

from fairlead import __version__
from fairlead.model.clock import Clock, epoch_us
from fairlead.model.operation import Message, Operation, OperationState
from fairlead.observe import process_log
from fairlead.observe.journal import Journal
from fairlead.observe.meters import BUCKETS, Count, Meters, Timing
from fairlead.settings import Settings, SettingsInvalid

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import Metric
    from opentelemetry.sdk.trace import ReadableSpan

log = structlog.get_logger(__name__)

#: seconds between two reports of the metrics
EVERY_SECONDS = 60.0
#: seconds that one report may take
_TIMEOUT_SECONDS = 10.0
_SEVERITIES = {"debug": 5, "info": 9, "warning": 13, "error": 17, "critical": 21}


class Reporter:
    """Sends what this process does to an OTLP receiver, from threads of its own."""

    def __init__(self, settings: Settings, meters: Meters, clock: Clock) -> None:
        """SettingsInvalid: the extra is not installed, or a header is malformed."""
        try:
            from opentelemetry.exporter.otlp.proto.http._log_exporter import (  # noqa: PLC0415
                OTLPLogExporter,
            )
            from opentelemetry.exporter.otlp.proto.http.metric_exporter import (  # noqa: PLC0415
                OTLPMetricExporter,
            )
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
                OTLPSpanExporter,
            )
            from opentelemetry.sdk._logs import LoggerProvider  # noqa: PLC0415
            from opentelemetry.sdk._logs.export import BatchLogRecordProcessor  # noqa: PLC0415
            from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
            from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        except ImportError as error:
            raise SettingsInvalid(
                "FAIRLEAD_OTLP_ENDPOINT needs an extra; install it with: "
                "pip install 'fairlead[otel]'"
            ) from error
        self._meters = meters
        self._clock = clock
        self._began_ns = _ns(clock.now())
        self._resource = Resource(
            {
                "service.name": "fairlead",
                "service.version": __version__,
                "service.instance.id": f"{socket.gethostname()}-{os.getpid()}",
            }
        )
        base = settings.otlp_endpoint.rstrip("/")
        given: dict[str, Any] = {
            "headers": headers_of(settings),
            "timeout": _TIMEOUT_SECONDS,
        }
        self._spans = BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{base}/v1/traces", **given))
        self._metrics = OTLPMetricExporter(endpoint=f"{base}/v1/metrics", **given)
        self._logs = LoggerProvider(resource=self._resource, shutdown_on_exit=False)
        self._logs.add_log_record_processor(
            BatchLogRecordProcessor(OTLPLogExporter(endpoint=f"{base}/v1/logs", **given))
        )
        self._logger = self._logs.get_logger("fairlead", __version__)
        self._reporting: asyncio.Task[None] | None = None

    def start(self, journal: Journal) -> None:
        """Begin to listen and to report."""
        journal.listeners.append(self.heard)
        process_log.listeners.append(self.said)
        self._reporting = asyncio.create_task(self._report(), name="otlp metrics")

    async def close(self) -> None:
        """Send what is left, and end."""
        if self.said in process_log.listeners:
            process_log.listeners.remove(self.said)
        if self._reporting is not None:
            self._reporting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reporting
        await asyncio.to_thread(self._end)

    def _end(self) -> None:
        self.report()
        self._metrics.shutdown()
        self._spans.shutdown()  # type: ignore[no-untyped-call]  # theirs
        self._logs.shutdown()

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await asyncio.to_thread(self.report)

    def heard(self, found: Sequence[Operation], steps: Sequence[Message]) -> None:
        """Make spans of operations that are over, and of requests; called in another thread."""
        for each in found:
            if each.state.is_over:
                self._spans.on_end(self._span(each))
        for step in steps:
            if step.type == "http" and step.context != "proxy":
                self._spans.on_end(self._request_span(step))

    def _span(self, operation: Operation) -> "ReadableSpan":
        error = operation.error or {}
        known: dict[str, Any] = {
            "fairlead.operation.id": operation.id,
            "fairlead.operation.type": operation.type.value,
            "fairlead.operation.action": operation.action,
            "fairlead.operation.state": operation.state.value,
            "fairlead.environment.id": operation.environment_id,
            "fairlead.integration": operation.integration,
            "fairlead.provider": operation.provider,
            "fairlead.connection.id": operation.connection_id,
            "fairlead.function": operation.function,
            "fairlead.variant": operation.variant,
            "error.type": error.get("code"),
            "http.request.method": operation.meta.get("method"),
            "url.full": operation.meta.get("url"),
            "http.response.status_code": operation.meta.get("status"),
        }
        went_wrong = operation.state in (OperationState.FAILED, OperationState.TIMEOUT)
        start, end = operation.started_at or operation.created_at, operation.ended_at
        return self._made(
            f"fairlead.{operation.type.value}.{operation.action}",
            (operation.id, ""),
            known,
            (start, end or start),
            reason=str(error.get("message", "failed")) if went_wrong else None,
        )

    def _request_span(self, step: Message) -> "ReadableSpan":
        asked, answered = step.detail.get("request") or {}, step.detail.get("response") or {}
        url = str(asked.get("url", ""))
        parts = urlsplit(url)
        status = answered.get("status")
        error = step.detail.get("error") or {}
        went_wrong = bool(error) or (status or 0) >= 400
        took = timedelta(milliseconds=step.detail.get("duration_ms") or 0.0)
        known: dict[str, Any] = {
            "http.request.method": asked.get("method"),
            "url.full": url,
            "server.address": parts.hostname,
            "server.port": parts.port,
            "http.response.status_code": status,
            "error.type": error.get("code") or (str(status) if went_wrong else None),
        }
        return self._made(
            str(asked.get("method") or "HTTP"),
            (step.operation_id, f"{epoch_us(step.created_at)}{step.text}"),
            known,
            (step.created_at - took, step.created_at),
            reason=step.text if went_wrong else None,
        )

    def _made(
        self,
        name: str,
        identity: tuple[str, str],
        known: Mapping[str, Any],
        times: tuple[datetime, datetime],
        *,
        reason: str | None,
    ) -> "ReadableSpan":
        from opentelemetry.sdk.trace import ReadableSpan  # noqa: PLC0415  # as above
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope  # noqa: PLC0415
        from opentelemetry.trace import (  # noqa: PLC0415
            SpanContext,
            SpanKind,
            Status,
            StatusCode,
            TraceFlags,
        )

        operation_id, part = identity
        trace_id = int.from_bytes(blake2b(operation_id.encode(), digest_size=16).digest())

        def context_of(words: str) -> SpanContext:
            span_id = int.from_bytes(blake2b(words.encode(), digest_size=8).digest())
            flags = TraceFlags(TraceFlags.SAMPLED)
            return SpanContext(trace_id, span_id, is_remote=False, trace_flags=flags)

        return ReadableSpan(
            name=name,
            context=context_of(operation_id + part),
            parent=context_of(operation_id) if part else None,
            resource=self._resource,
            attributes={key: value for key, value in known.items() if value is not None},
            kind=SpanKind.CLIENT if part else SpanKind.INTERNAL,
            status=Status(StatusCode.UNSET if reason is None else StatusCode.ERROR, reason),
            start_time=_ns(times[0]),
            end_time=_ns(times[1]),
            instrumentation_scope=InstrumentationScope("fairlead", __version__),
        )

    def said(self, level: str, event: str, facts: Mapping[str, Any]) -> None:
        """Pass on a line of the process's log."""
        from opentelemetry._logs import LogRecord, SeverityNumber  # noqa: PLC0415  # as above

        now = _ns(self._clock.now())
        record = LogRecord(
            timestamp=now,
            observed_timestamp=now,
            severity_number=SeverityNumber(_SEVERITIES.get(level, 9)),
            severity_text=level.upper(),
            body=event,
            attributes={
                name: value if isinstance(value, str | int | float | bool) else str(value)
                for name, value in facts.items()
                if value is not None
            },
        )
        self._logger.emit(record)

    def report(self) -> None:
        """Send the metrics as they are now; it takes as long as it takes."""
        from opentelemetry.sdk.metrics.export import (  # noqa: PLC0415  # as above
            MetricsData,
            ResourceMetrics,
            ScopeMetrics,
        )
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope  # noqa: PLC0415

        now = _ns(self._clock.now())
        found = [self._histogram(each, now) for each in self._meters.timings() if each.rows]
        found += [self._sum(each, now) for each in self._meters.counts() if each.rows]
        if not found:
            return
        scope = ScopeMetrics(InstrumentationScope("fairlead", __version__), found, "")
        self._metrics.export(MetricsData([ResourceMetrics(self._resource, [scope], "")]))

    def _histogram(self, timing: Timing, now: int) -> "Metric":
        from opentelemetry.sdk.metrics.export import (  # noqa: PLC0415  # as above
            AggregationTemporality,
            Histogram,
            HistogramDataPoint,
            Metric,
        )

        points = [
            HistogramDataPoint(
                attributes=dict(zip(timing.labels, labels, strict=True)),
                start_time_unix_nano=self._began_ns,
                time_unix_nano=now,
                count=sum(numbers),
                sum=seconds,
                bucket_counts=list(numbers),
                explicit_bounds=BUCKETS,
                min=0.0,
                max=seconds,
            )
            for labels, (numbers, [seconds]) in list(timing.rows.items())
        ]
        name = timing.name.removesuffix("_seconds").replace("_", ".")
        data = Histogram(points, AggregationTemporality.CUMULATIVE)
        return Metric(name, timing.help, "s", data)

    def _sum(self, count: Count, now: int) -> "Metric":
        from opentelemetry.sdk.metrics.export import (  # noqa: PLC0415  # as above
            AggregationTemporality,
            Metric,
            NumberDataPoint,
            Sum,
        )

        points = [
            NumberDataPoint(
                attributes=dict(zip(count.labels, labels, strict=True)),
                start_time_unix_nano=self._began_ns,
                time_unix_nano=now,
                value=value,
            )
            for labels, value in list(count.rows.items())
        ]
        data = Sum(points, AggregationTemporality.CUMULATIVE, is_monotonic=True)
        return Metric(count.name.replace("_", "."), count.help, "1", data)


def headers_of(settings: Settings) -> dict[str, str]:
    """Return the headers that reports carry; SettingsInvalid if they are malformed."""
    text = settings.otlp_headers.get_secret_value() if settings.otlp_headers else ""
    found: dict[str, str] = {}
    for pair in text.split(","):
        if not pair.strip():
            continue
        name, is_pair, value = pair.partition("=")
        if not is_pair or not name.strip():
            raise SettingsInvalid("FAIRLEAD_OTLP_HEADERS is not name=value,name=value")
        found[name.strip().lower()] = value.strip()
    return found


def _ns(instant: datetime) -> int:
    return epoch_us(instant) * 1000
