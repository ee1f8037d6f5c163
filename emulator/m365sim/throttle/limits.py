"""The limits of a tenant: they grow with the licences it has bought.

https://learn.microsoft.com/sharepoint/dev/general-development/how-to-avoid-getting-throttled-or-blocked-in-sharepoint-online
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be asked for: resource units by apps, requests by users."""

    app_per_minute: int
    app_per_day: int
    tenant_per_five_minutes: int  # over all apps
    user_per_five_minutes: int = 3000  # requests


#: Up to so many licences → the units per minute, in steps of which all limits are multiples.
_STEPS = ((1_000, 1_250), (5_000, 2_500), (15_000, 3_750), (50_000, 5_000))
_LARGEST = 6_250
_DAY, _TENANT = 960, 15  # times the units per minute


def limits_of(licences: int) -> Limits:
    """Return the limits of a tenant with so many licences."""
    per_minute = next((units for most, units in _STEPS if licences <= most), _LARGEST)
    return Limits(per_minute, per_minute * _DAY, per_minute * _TENANT)
