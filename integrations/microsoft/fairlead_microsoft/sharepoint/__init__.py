"""SharePoint's functions on Microsoft Graph (v2)."""
