"""Let Alembic run on the connection, and in the transaction, that `solard.store.migrate` opened."""

from alembic import context

from solard.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
)
with context.begin_transaction():
    context.run_migrations()
