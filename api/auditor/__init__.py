"""The doors of auditors: reading only, and what they read is recorded."""
