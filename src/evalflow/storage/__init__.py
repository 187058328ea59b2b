"""Where an office's evaluation is kept: the contract, in memory, and in an SQLite file."""

from evalflow.storage.contract import Settled, Storage

__all__ = ["Settled", "Storage"]
