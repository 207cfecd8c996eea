"""The command line: loading, importing, asking, looking after the folder, and what a terminal shows of it."""
