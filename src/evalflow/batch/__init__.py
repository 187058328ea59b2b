"""Many firings planned together, reviewed, then applied: `plan` → file → `applying`.

`selection` reads which projects are meant, `plan` decides and writes down, `applying` writes what
was reviewed, `sheet` takes data for each project from a table, `script` reads steps from YAML.
"""
