"""How long an annotation took, and which stages of a selection are done, also those that chose nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("annotations", sa.Column("seconds", sa.Float(53), nullable=True))
    op.create_table(
        "steps",
        sa.Column("selection_id", sa.Integer, sa.ForeignKey("selections.id"), primary_key=True, nullable=False),
        sa.Column("stage", sa.String, primary_key=True, nullable=False),
    )


def downgrade() -> None:
    raise NotImplementedError("history is append-only; go back to the .backup file instead")
