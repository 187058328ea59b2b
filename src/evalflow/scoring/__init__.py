"""Exact rates by named formula, bands, roll-ups, and the sentences that explain them (D1-D3).

`Rates` is the built-in scorer; `Scorer` is what it and everybody else's keep to. How a rate
is worked out is told by `explain`. See `docs/explanation/rates.md` for the why.
"""
