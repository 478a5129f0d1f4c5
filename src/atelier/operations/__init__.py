"""Commands around the pipelines: the scheduler, its plan, MLflow's page, the summary of a run."""
