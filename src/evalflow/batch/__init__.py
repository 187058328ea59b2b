"""Many firings planned together, reviewed, then applied: `plan` → `plan_file` → `applying`.

`selection` reads which projects are meant, `plan` decides and writes down, `plan_file` keeps what
was written and loads it, `lines` reads its lines, `applying` writes what was reviewed, `chunks`
cuts it for many machines, `sheet` takes data for each project from a table, `script` reads steps
from YAML.
"""
