"""`/mcp`: actions as tools, records and files as resources, for agents.

The Model Context Protocol over streamable HTTP (https://modelcontextprotocol.io/specification), by
the protocol's own SDK. It is loaded when the first agent comes: who has none pays nothing.
"""

from fairlead.api.mcp.endpoint import Endpoint

__all__ = ["Endpoint"]
