"""Microsoft Graph v1.0, as far as sites, drives and drive items go, as a raw ASGI application."""

from m365sim.graph.app import graph_app

__all__ = ["graph_app"]
