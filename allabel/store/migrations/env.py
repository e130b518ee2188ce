"""Run by Alembic inside the transaction that `allabel.store.opening.migrate` hands over."""

from alembic import context

from allabel.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
