"""What auditors look at beyond the business itself: what was refused, and who asked for what."""
