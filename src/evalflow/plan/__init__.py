"""Plans: what an office evaluates in a year, said in YAML, checked whole.

- `load`: a plan file to a `Plan`, every problem at once;
- `head` and `project`: the builders, which also read what storages keep;
- `patch`: a change of a project's definition as a merge patch (RFC 7396);
- `write`: a plan back to YAML;
- `tables`, `listing`, `overlay`: a plan's projects, budgets and targets as tables, both ways;
- `differences`: what a plan says otherwise than the revision before it.
"""
