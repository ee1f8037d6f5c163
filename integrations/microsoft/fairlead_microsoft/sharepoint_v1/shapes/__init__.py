"""What SharePoint's own API tells, made into the objects that Graph's functions give."""
