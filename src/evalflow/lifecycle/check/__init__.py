"""What can be proved about a lifecycle before anybody runs it.

- `checks`: everything that is wrong, or looks wrong, with a definition, and with a plan beside it;
- `overlap`: whether two transitions can be possible at once; `people`: who is there to act;
- `paths`: the ways from state to state; `rights`: the table of who may do what.
"""
