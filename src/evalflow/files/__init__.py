"""Files that people write: YAML with places, office tables, and the one reader of their values.

- `yaml`: YAML as trees of text whose values know their line: the only user of PyYAML;
- `notes`: what is said about a file beside its mistakes;
- `yaml_writer`: trees as YAML text;
- `merge`: a file over the one that it extends, which still knows file and line of everything;
- `reader`: from trees to values, every problem collected;
- `table_reader`: CSV, XLSX, XLS and ODS as tables (`table`: rows with named columns, every problem
  collected; `table_heads`: which column a head names); `grid`: the sheets of a file;
  `number_formats`: what a format shows of a number; `cells`, `days`, `money_units`: what a cell or
  a head says; `workbooks` reads workbooks in a child of its own with bounded time and memory: the
  only user of openpyxl and xlrd;
- `table_writer`: rows to XLSX (the only user of XlsxWriter) and CSV.
"""
