"""The groups of methods about the server itself: keys, environments, people."""

from fairlead.client.bind import AsyncNamespace, Awaited, Blocking, Namespace
from fairlead.client.calls import environments, keys, people


class Keys(Namespace):
    """API keys of the environment."""

    list = Blocking(keys.list_all)
    create = Blocking(keys.create)
    revoke = Blocking(keys.revoke)


class AsyncKeys(AsyncNamespace):
    """API keys of the environment."""

    list = Awaited(keys.list_all)
    create = Awaited(keys.create)
    revoke = Awaited(keys.revoke)


class Environments(Namespace):
    """Worlds of their own; for keys with scopes of the whole server."""

    list = Blocking(environments.list_all)
    create = Blocking(environments.create)


class AsyncEnvironments(AsyncNamespace):
    """Worlds of their own; for keys with scopes of the whole server."""

    list = Awaited(environments.list_all)
    create = Awaited(environments.create)


class People(Namespace):
    """Who may sign in to the dashboard, and who changed what."""

    list = Blocking(people.list_all)
    create = Blocking(people.create)
    update = Blocking(people.update)
    delete = Blocking(people.delete)
    audit = Blocking(people.audit)


class AsyncPeople(AsyncNamespace):
    """Who may sign in to the dashboard, and who changed what."""

    list = Awaited(people.list_all)
    create = Awaited(people.create)
    update = Awaited(people.update)
    delete = Awaited(people.delete)
    audit = Awaited(people.audit)
