"""How facts travel from the log to the views."""
