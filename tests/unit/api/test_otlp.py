"""Traces, metrics and logs arrive at an OTLP receiver, as its own library reads them."""

import subprocess
import sys
from collections.abc import AsyncIterator
from gzip import decompress
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from fairlead.observe import otlp
from fairlead.observe.otlp import Reporter, headers_of
from fairlead.observe.process_log import passed_on
from fairlead.settings import Settings, SettingsInvalid

AS_C1 = {"Connection-Id": "c1", "Provider-Config-Key": "acme"}
KINDS: dict[str, Any] = {
    "traces": ExportTraceServiceRequest,
    "metrics": ExportMetricsServiceRequest,
    "logs": ExportLogsServiceRequest,
}


class Receiver:
    """An OTLP receiver on a loopback port."""

    def __init__(self) -> None:
        self.url = ""
        self.keys: set[str | None] = set()
        self.got: dict[str, list[Any]] = {kind: [] for kind in KINDS}

    async def take(self, request: web.Request) -> web.Response:
        self.keys.add(request.headers.get("x-key"))
        body = await request.read()
        if request.headers.get("content-encoding") == "gzip":
            body = decompress(body)
        kind = request.match_info["kind"]
        self.got[kind].append(KINDS[kind].FromString(body))
        return web.Response(content_type="application/x-protobuf")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver()
    app = web.Application()
    app.router.add_post("/v1/{kind}", found.take)
    async with TestServer(app) as server:
        found.url = str(server.make_url("")).rstrip("/")
        yield found


def values(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}


async def test_all_three_arrive(world: Any, receiver: Receiver) -> None:
    services = world.services
    settings = services.settings.model_copy(
        update={
            "otlp_endpoint": receiver.url,
            "otlp_headers": Settings(otlp_headers="X-Key=k1, b=c=d").otlp_headers,
        }
    )
    assert headers_of(settings) == {"x-key": "k1", "b": "c=d"}
    reporter = Reporter(settings, services.watch.meters, world.clock)
    reporter.start(services.journal)
    await world.integration()
    await world.connection()
    world.vendor.answers += [(404, {}, b"{}")]
    await world.client.get("/proxy/x?token=hush", headers=AS_C1)
    body = {"action_name": "shout", "input": {"text": "vendor"}}
    await world.client.post("/action/trigger", json=body, headers=AS_C1)
    line = {"event": "sync succeeded", "level": "warning", "run_id": "r1", "nothing": None}
    assert passed_on(None, "warning", line) is line
    await services.journal.flush()
    await reporter.close()
    services.journal.listeners.clear()
    assert receiver.keys == {"k1"}

    [resource] = [each for got in receiver.got["traces"] for each in got.resource_spans]
    about = values(resource.resource.attributes)
    assert about["service.name"] == "fairlead"
    spans = {each.name: each for scope in resource.scope_spans for each in scope.spans}
    call = spans["fairlead.proxy.call"]
    told = values(call.attributes)
    assert told["http.response.status_code"] == 404
    assert told["url.full"] == "/x?token=[redacted]"
    assert (told["fairlead.integration"], told["error.type"]) == ("acme", "http_404")
    assert call.status.code == 2
    action, request = spans["fairlead.action.run"], spans["GET"]
    assert request.parent_span_id == action.span_id
    assert request.trace_id == action.trace_id != call.trace_id
    assert values(request.attributes)["http.response.status_code"] == 200

    metrics = {
        each.name: each
        for got in receiver.got["metrics"]
        for each in got.resource_metrics[0].scope_metrics[0].metrics
    }
    proxied = metrics["fairlead.proxy.request.duration"]
    [point] = proxied.histogram.data_points
    assert (proxied.unit, point.count, values(point.attributes)["status"]) == ("s", 1, "404")

    records = [
        each
        for got in receiver.got["logs"]
        for each in got.resource_logs[0].scope_logs[0].log_records
    ]
    said = next(each for each in records if each.body.string_value == "sync succeeded")
    assert (said.severity_text, said.severity_number) == ("WARNING", 13)
    assert values(said.attributes) == {"run_id": "r1"}


def test_what_is_off_is_not_loaded() -> None:
    code = (
        "import sys, fairlead.app, fairlead.observe.otlp;"
        "print([m for m in sys.modules if m.startswith(('opentelemetry.sdk', "
        "'opentelemetry.exporter', 'prometheus_client'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"


def test_settings_that_cannot_be(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(otlp_endpoint="http://127.0.0.1:1", otlp_headers="nonsense")
    with pytest.raises(SettingsInvalid, match="FAIRLEAD_OTLP_HEADERS"):
        headers_of(settings)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http._log_exporter", None)
    with pytest.raises(SettingsInvalid, match=r"fairlead\[otel\]"):
        otlp.Reporter(settings, world.services.watch.meters, world.clock)
