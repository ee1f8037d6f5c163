"""Resource units: how much an app may ask of SharePoint, and what happens when it asks for more.

https://learn.microsoft.com/sharepoint/dev/general-development/how-to-avoid-getting-throttled-or-blocked-in-sharepoint-online
"""

from m365sim.throttle.limits import Limits, limits_of
from m365sim.throttle.meter import Meter, Verdict

__all__ = ["Limits", "Meter", "Verdict", "limits_of"]
