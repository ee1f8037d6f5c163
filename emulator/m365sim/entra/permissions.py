"""The delegated and application permissions of the two APIs, in the words a consent page uses.

Follows https://learn.microsoft.com/graph/permissions-reference (names; the words are ours).
"""

from __future__ import annotations

from dataclasses import dataclass

from m365sim.tenant import ResourceKind

OIDC_SCOPES = frozenset({"openid", "profile", "email", "offline_access"})


@dataclass(frozen=True, slots=True)
class Wording:
    """What a permission means to the person who is asked for it."""

    title: str
    explanation: str
    needs_admin: bool = False


_GRAPH: dict[str, Wording] = {
    "openid": Wording("Sign you in", "The app learns who you are when you sign in."),
    "profile": Wording("View your basic profile", "The app can see your name and picture."),
    "email": Wording("View your email address", "The app can see your main email address."),
    "offline_access": Wording(
        "Keep access to what you have given it access to",
        "The app can use these permissions while you are not there, until you take them back.",
    ),
    "User.Read": Wording(
        "Sign you in and read your profile",
        "The app can read your profile and basic facts about your organisation.",
    ),
    "User.ReadBasic.All": Wording(
        "Read the basic profiles of all users", "Names and email addresses of your colleagues."
    ),
    "User.Read.All": Wording(
        "Read the full profiles of all users", "Everything in your colleagues' profiles.", True
    ),
    "Directory.Read.All": Wording(
        "Read the directory", "Users, groups and apps of your organisation.", True
    ),
    "GroupMember.Read.All": Wording(
        "Read group memberships", "Who is in which group of your organisation.", True
    ),
    "Group.Read.All": Wording(
        "Read all groups", "Groups you can see, with their members and content.", True
    ),
    "Sites.Read.All": Wording(
        "Read items in all site collections",
        "Documents and list items in every site that you can open.",
    ),
    "Sites.ReadWrite.All": Wording(
        "Edit or delete items in all site collections",
        "Documents and list items in every site that you can edit.",
    ),
    "Sites.Manage.All": Wording(
        "Create, edit and delete items and lists in all site collections",
        "Lists, libraries and their content in every site that you can manage.",
    ),
    "Sites.FullControl.All": Wording(
        "Have full control of all site collections",
        "Everything you can do in your sites, their permissions included.",
        True,
    ),
    "Sites.Selected": Wording(
        "Access chosen site collections", "Only sites that an administrator picks for the app."
    ),
    "Lists.SelectedOperations.Selected": Wording(
        "Access chosen lists", "Only lists that an administrator picks for the app."
    ),
    "ListItems.SelectedOperations.Selected": Wording(
        "Access chosen list items", "Only items that an administrator picks for the app."
    ),
    "Files.SelectedOperations.Selected": Wording(
        "Access chosen files", "Only files that an administrator picks for the app."
    ),
    "Files.Read": Wording("Read your files", "Files in your own OneDrive."),
    "Files.ReadWrite": Wording(
        "Have full access to your files", "Read, create, edit and delete files in your OneDrive."
    ),
    "Files.Read.All": Wording(
        "Read all files that you can open", "Your files, and those that others share with you."
    ),
    "Files.ReadWrite.All": Wording(
        "Have full access to all files that you can open",
        "Read, create, edit and delete your files and those shared with you.",
    ),
}
_SHAREPOINT: dict[str, Wording] = {
    "AllSites.Read": Wording(
        "Read items in all site collections",
        "Documents and list items in every site that you can open.",
    ),
    "AllSites.Write": Wording(
        "Read and write items in all site collections",
        "Documents and list items in every site that you can edit.",
    ),
    "AllSites.Manage": Wording(
        "Read and write items and lists in all site collections",
        "Lists, libraries and their content in every site that you can manage.",
    ),
    "AllSites.FullControl": Wording(
        "Have full control of all site collections",
        "Everything you can do in your sites, their permissions included.",
        True,
    ),
    "MyFiles.Read": Wording("Read your files", "Files in your own OneDrive."),
    "MyFiles.Write": Wording("Read and write your files", "Files in your own OneDrive."),
    "Sites.Search.All": Wording(
        "Run search queries as you", "Search results that you may see.", True
    ),
    "Sites.Selected": Wording(
        "Access chosen site collections", "Only sites that an administrator picks for the app."
    ),
}
DELEGATED: dict[ResourceKind, dict[str, Wording]] = {"graph": _GRAPH, "sharepoint": _SHAREPOINT}
_LOWER = {kind: {name.lower(): name for name in wordings} for kind, wordings in DELEGATED.items()}


def canonical(kind: ResourceKind, name: str) -> str | None:
    """Return a delegated permission's name in its own spelling; None when there is none."""
    return _LOWER[kind].get(name.lower())


def wording(kind: ResourceKind, name: str) -> Wording:
    """Return the words for a permission; one that we have no words for shows its name."""
    return DELEGATED[kind].get(name) or Wording(name, "A permission of this app.", True)


def application_wording(name: str) -> Wording:
    """Return the words for a permission that an app holds by itself, with nobody signed in."""
    return Wording(
        f"{name}, without a signed-in user",
        "The app can use this at any time, for the whole organisation.",
        True,
    )
