"""Where everything is put together: settings, the data folder, the house, bulk loading, the command line."""
