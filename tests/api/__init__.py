"""The doors: tokens, roles, isolation, batches, questions, problems."""
