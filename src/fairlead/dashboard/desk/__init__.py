"""The dashboard's pages for people who sign in; what they do goes through the API."""
