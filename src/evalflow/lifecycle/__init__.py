"""Lifecycles: what may follow what, said in YAML, checked whole, executed by `transitions`.

- `definition`: the values; `load`: from YAML to values, every problem at once;
- `machine`: `step`, the pure decision; `check`: what can be proved about a definition;
- `diagram`: Mermaid, DOT and pictures; `fields`: the data that events take.
"""
