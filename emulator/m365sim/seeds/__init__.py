"""Tenants from YAML files: who is there, what they have, and who may see it."""

from m365sim.seeds.tenants import build_tenants

__all__ = ["build_tenants"]
