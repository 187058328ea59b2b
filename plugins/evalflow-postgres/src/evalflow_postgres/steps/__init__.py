"""The steps from one schema version to the next: `0001.sql` makes version 1 of nothing,
`0002.sql` version 2 of version 1."""
