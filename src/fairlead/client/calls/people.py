"""Requests about who may sign in to the dashboard, and about what was changed by whom."""

from fairlead.client.admin_shapes import AuditEntry, Person, Role
from fairlead.client.call import Call, body, inside, nothing, path, query


def list_all() -> Call[list[Person]]:
    """List who may sign in."""
    return Call(method="GET", path="/people", read=inside)


def create(
    email: str, role: Role, *, name: str | None = None, password: str | None = None
) -> Call[Person]:
    """Let somebody sign in."""
    sent = body(email=email, role=role, name=name, password=password)
    return Call(method="POST", path="/people", body=sent, read=inside)


def update(
    person_id: int,
    *,
    name: str | None = None,
    role: Role | None = None,
    password: str | None = None,
) -> Call[Person]:
    """Change somebody; a new password or role signs them out everywhere."""
    sent = body(name=name, role=role, password=password)
    return Call(method="PATCH", path=path("people", str(person_id)), body=sent, read=inside)


def delete(person_id: int) -> Call[None]:
    """Remove somebody, and sign them out everywhere."""
    return Call(method="DELETE", path=path("people", str(person_id)), read=nothing)


def audit(
    *, who: str | None = None, before: str | None = None, limit: int | None = None
) -> Call[list[AuditEntry]]:
    """List who changed what, newest first; `before` is the `at` of the last entry you have."""
    asked = query(who=who, before=before, limit=limit)
    return Call(method="GET", path="/audit", query=asked, read=inside)
