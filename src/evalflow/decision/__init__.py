"""What an event does, decided without writing: pure functions over values that were read.

- `decide`: may it be fired, and what would it write; `firing`: what guards and actions look at;
- `guards` and `actions`: the built-in ones; `deadlines`: who owes what by when;
- `adoption` and `migration`: what is written when a plan is adopted or revised, and when a project
  moves to another version of its lifecycle;
- `batched_calls`: scorers and guards asked about many projects at once, where they can.
"""
