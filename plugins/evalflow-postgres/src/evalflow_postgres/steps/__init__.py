"""The steps from one schema version to the next: `0001.sql` makes version 1 of nothing."""
