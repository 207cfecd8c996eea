"""The view database, the composer of questions and exports: what every view and question shares."""
