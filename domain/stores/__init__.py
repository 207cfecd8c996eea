"""A store's life: registered, opened, suspended, closed; its dated settings and its registers."""
