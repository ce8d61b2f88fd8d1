"""The engine. Clients use `facade.Engine` and the vocabulary in `types`, and nothing else."""
