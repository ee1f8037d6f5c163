"""The tenant host (`contoso.sharepoint.com`): downloads and uploads without a token."""

from m365sim.sharepoint.app import sharepoint_app

__all__ = ["sharepoint_app"]
