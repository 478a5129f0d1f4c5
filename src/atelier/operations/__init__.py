"""What the scheduler asks of the project: its plan, and what a run left."""
