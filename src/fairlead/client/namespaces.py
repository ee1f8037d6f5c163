"""The groups of methods of both clients; what each method sends is in `calls`."""

from fairlead.client.bind import (
    AsyncNamespace,
    Awaited,
    AwaitedPages,
    Blocking,
    BlockingPages,
    Namespace,
)
from fairlead.client.calls import (
    actions,
    approvals,
    connect_sessions,
    connections,
    dead_letters,
    integrations,
    logs,
    providers,
    records,
    syncs,
)
from fairlead.client.exports import AwaitedExport, BlockingExport


class Providers(Namespace):
    """What can be connected to."""

    list = Blocking(providers.list_all)
    get = Blocking(providers.get)
    templates = Blocking(providers.templates)


class AsyncProviders(AsyncNamespace):
    """What can be connected to."""

    list = Awaited(providers.list_all)
    get = Awaited(providers.get)
    templates = Awaited(providers.templates)


class Integrations(Namespace):
    """Your uses of providers, with their functions and certificates."""

    list = Blocking(integrations.list_all)
    get = Blocking(integrations.get)
    create = Blocking(integrations.create)
    update = Blocking(integrations.update)
    delete = Blocking(integrations.delete)
    list_functions = BlockingPages(integrations.list_functions)
    get_function = Blocking(integrations.get_function)
    scopes = Blocking(integrations.scopes)
    status = Blocking(integrations.status)
    list_certificates = Blocking(integrations.list_certificates)
    make_certificate = Blocking(integrations.make_certificate)
    activate_certificate = Blocking(integrations.activate_certificate)
    retire_certificate = Blocking(integrations.retire_certificate)


class AsyncIntegrations(AsyncNamespace):
    """Your uses of providers, with their functions and certificates."""

    list = Awaited(integrations.list_all)
    get = Awaited(integrations.get)
    create = Awaited(integrations.create)
    update = Awaited(integrations.update)
    delete = Awaited(integrations.delete)
    list_functions = AwaitedPages(integrations.list_functions)
    get_function = Awaited(integrations.get_function)
    scopes = Awaited(integrations.scopes)
    status = Awaited(integrations.status)
    list_certificates = Awaited(integrations.list_certificates)
    make_certificate = Awaited(integrations.make_certificate)
    activate_certificate = Awaited(integrations.activate_certificate)
    retire_certificate = Awaited(integrations.retire_certificate)


class ConnectSessions(Namespace):
    """Permits for end users to connect."""

    create = Blocking(connect_sessions.create)
    reconnect = Blocking(connect_sessions.reconnect)
    get = Blocking(connect_sessions.get)
    delete = Blocking(connect_sessions.delete)
    note = Blocking(connect_sessions.note)
    submit_app = Blocking(connect_sessions.submit_app)
    submit_fields = Blocking(connect_sessions.submit_fields)
    submit_api_key = Blocking(connect_sessions.submit_api_key)
    submit_basic = Blocking(connect_sessions.submit_basic)
    submit_nothing = Blocking(connect_sessions.submit_nothing)


class AsyncConnectSessions(AsyncNamespace):
    """Permits for end users to connect."""

    create = Awaited(connect_sessions.create)
    reconnect = Awaited(connect_sessions.reconnect)
    get = Awaited(connect_sessions.get)
    delete = Awaited(connect_sessions.delete)
    note = Awaited(connect_sessions.note)
    submit_app = Awaited(connect_sessions.submit_app)
    submit_fields = Awaited(connect_sessions.submit_fields)
    submit_api_key = Awaited(connect_sessions.submit_api_key)
    submit_basic = Awaited(connect_sessions.submit_basic)
    submit_nothing = Awaited(connect_sessions.submit_nothing)


class Connections(Namespace):
    """End users' accounts, with their credentials, metadata and health."""

    list = BlockingPages(connections.list_all)
    pending = Blocking(connections.pending)
    get = Blocking(connections.get)
    create = Blocking(connections.create)
    update = Blocking(connections.update)
    delete = Blocking(connections.delete)
    set_metadata = Blocking(connections.set_metadata)
    update_metadata = Blocking(connections.update_metadata)
    doctor = Blocking(connections.doctor)


class AsyncConnections(AsyncNamespace):
    """End users' accounts, with their credentials, metadata and health."""

    list = AwaitedPages(connections.list_all)
    pending = Awaited(connections.pending)
    get = Awaited(connections.get)
    create = Awaited(connections.create)
    update = Awaited(connections.update)
    delete = Awaited(connections.delete)
    set_metadata = Awaited(connections.set_metadata)
    update_metadata = Awaited(connections.update_metadata)
    doctor = Awaited(connections.doctor)


class Records(Namespace):
    """What syncs brought."""

    list = BlockingPages(records.list_all)
    export = BlockingExport(records.export)
    delete_stale = Blocking(records.delete_stale)
    prune = Blocking(records.prune)


class AsyncRecords(AsyncNamespace):
    """What syncs brought."""

    list = AwaitedPages(records.list_all)
    export = AwaitedExport(records.export)
    delete_stale = Awaited(records.delete_stale)
    prune = Awaited(records.prune)


class Syncs(Namespace):
    """Run, start, pause and watch syncs."""

    trigger = Blocking(syncs.trigger)
    start = Blocking(syncs.start)
    pause = Blocking(syncs.pause)
    cancel = Blocking(syncs.cancel)
    approve_deletions = Blocking(syncs.approve_deletions)
    create_variant = Blocking(syncs.create_variant)
    delete_variant = Blocking(syncs.delete_variant)
    status = Blocking(syncs.status)
    runs = Blocking(syncs.runs)
    set_frequency = Blocking(syncs.set_frequency)
    subscriptions = Blocking(syncs.subscriptions)


class AsyncSyncs(AsyncNamespace):
    """Run, start, pause and watch syncs."""

    trigger = Awaited(syncs.trigger)
    start = Awaited(syncs.start)
    pause = Awaited(syncs.pause)
    cancel = Awaited(syncs.cancel)
    approve_deletions = Awaited(syncs.approve_deletions)
    create_variant = Awaited(syncs.create_variant)
    delete_variant = Awaited(syncs.delete_variant)
    status = Awaited(syncs.status)
    runs = Awaited(syncs.runs)
    set_frequency = Awaited(syncs.set_frequency)
    subscriptions = Awaited(syncs.subscriptions)


class Actions(Namespace):
    """Run actions."""

    run = Blocking(actions.run)
    upload = Blocking(actions.upload)
    start = Blocking(actions.start)
    result = Blocking(actions.result)


class AsyncActions(AsyncNamespace):
    """Run actions."""

    run = Awaited(actions.run)
    upload = Awaited(actions.upload)
    start = Awaited(actions.start)
    result = Awaited(actions.result)


class DeadLetters(Namespace):
    """Events and how they were taken; those that were given up, delivered once more."""

    list = Blocking(dead_letters.list_all)
    events = Blocking(dead_letters.events)
    replay = Blocking(dead_letters.replay)


class AsyncDeadLetters(AsyncNamespace):
    """Events and how they were taken; those that were given up, delivered once more."""

    list = Awaited(dead_letters.list_all)
    events = Awaited(dead_letters.events)
    replay = Awaited(dead_letters.replay)


class Logs(Namespace):
    """What was done for connections, and each step of it."""

    list = BlockingPages(logs.list_all)
    get = Blocking(logs.get)
    messages = BlockingPages(logs.messages)


class AsyncLogs(AsyncNamespace):
    """What was done for connections, and each step of it."""

    list = AwaitedPages(logs.list_all)
    get = Awaited(logs.get)
    messages = AwaitedPages(logs.messages)


class Approvals(Namespace):
    """Calls of agents that a person has to approve."""

    list = Blocking(approvals.list_all)
    get = Blocking(approvals.get)
    approve = Blocking(approvals.approve)
    deny = Blocking(approvals.deny)


class AsyncApprovals(AsyncNamespace):
    """Calls of agents that a person has to approve."""

    list = Awaited(approvals.list_all)
    get = Awaited(approvals.get)
    approve = Awaited(approvals.approve)
    deny = Awaited(approvals.deny)
