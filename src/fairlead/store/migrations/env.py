"""Entry that Alembic loads: migrates through the connection that `store/migrate.py` hands over.

https://alembic.sqlalchemy.org/en/latest/cookbook.html#sharing-a-connection-across-one-or-more-programmatic-migration-commands
"""

from alembic import context

from fairlead.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite alters a table by copying it
    render_as_batch=True,
    on_version_apply=context.config.attributes["on_version_apply"],
)
# The transaction is the caller's: all revisions or none.
context.run_migrations()
