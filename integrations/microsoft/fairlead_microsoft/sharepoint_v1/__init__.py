"""What SharePoint Online does by its own API: actions and syncs of the provider for v1."""
