"""Who may do what with a file or folder, worked out from the permissions that are on it."""
