"""The doors: who may ask for what, over HTTP. It must not know aggregates, the log or the transport."""
