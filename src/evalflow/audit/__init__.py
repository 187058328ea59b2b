"""What an auditor asks: does the store tell one story, and a copy of it that anyone can check.

- `verification`: histories, states, evaluations and plans held against each other; checkpoints;
- `bundle`: a copy that another machine verifies without a database.
"""
