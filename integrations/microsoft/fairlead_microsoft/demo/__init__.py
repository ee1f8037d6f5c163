"""The demo: the whole walk against an emulated tenant, through the platform's HTTP API only.

It stands where an application developer stands: it starts `fairlead serve` and `m365sim serve` as
processes of their own and knows of both only what they answer.
"""

from fairlead_microsoft.demo.command import demo

__all__ = ["demo"]
