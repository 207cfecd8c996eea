"""What people ask of the business: load, ask, keep. It must not know how anything is shown."""
