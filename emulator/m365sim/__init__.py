"""m365sim: a local stand-in for Entra ID, Microsoft Graph and SharePoint Online."""

__version__ = "0.1.0"
