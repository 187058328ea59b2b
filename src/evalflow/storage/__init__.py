"""Where an office's evaluation is kept: the contract, in memory, and in an SQLite file."""

from evalflow._public import lazily

__getattr__, __dir__, __all__ = lazily(__name__)
