"""The engine: what is in force, decided, appended; and what reads it.

- `engine`: the engine that `evalflow.open` returns; `facade`: its events as typed methods;
- `commands`, `plan_commands`: what changes projects, and plans, made when it is needed (`changes`);
  `writing`: one commit of it; `batches`, `notices`: what else changes something, by groups;
- `outbox`: delivery of notices; `spread`: a batch on many machines: the only user of Dask;
- `view`: what one actor may read; `overview`: where projects stood at a moment;
- `schemes`: several plans side by side.
"""
