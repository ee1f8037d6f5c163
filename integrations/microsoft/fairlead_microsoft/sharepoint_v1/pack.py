"""The pack that all functions on SharePoint's own API register with."""

from fairlead.sdk import Pack
from fairlead_microsoft.rest import Rest

sharepoint_v1: Pack[Rest] = Pack("microsoft-rest", api=Rest)
