"""The storage kit: what every storage must do, as tests to inherit.

A plugin's test module is about ten lines:

    import functools, pytest
    from evalflow.testing import StorageConformance
    from evalflow_redis import open_redis

    class TestRedis(StorageConformance):
        @pytest.fixture
        def new_store(self, tmp_path):
            numbers = iter(range(10**6))
            return lambda: functools.partial(open_redis, tmp_path / f"{next(numbers)}.rdb")

`new_store()` makes a new, empty store and returns what opens it, here and in other processes
(so it must be picklable: a `functools.partial` of an importable function is).
"""

from __future__ import annotations

from evalflow.testing.storage_bulk import BulkMoveTests
from evalflow.testing.storage_concurrency import ConcurrencyTests
from evalflow.testing.storage_conflicts import ConflictTests
from evalflow.testing.storage_copies import CopyTests
from evalflow.testing.storage_durability import DurabilityTests
from evalflow.testing.storage_history import HistoryTests
from evalflow.testing.storage_lives import LifeTests
from evalflow.testing.storage_moments import MomentTests
from evalflow.testing.storage_outbox import OutboxTests
from evalflow.testing.storage_plans import PlanTests
from evalflow.testing.storage_projects import ProjectTests
from evalflow.testing.storage_selecting import SelectionTests
from evalflow.testing.storage_times import TimeTests

__all__ = ["StorageConformance"]


class StorageConformance(
    ProjectTests,
    ConflictTests,
    BulkMoveTests,
    PlanTests,
    SelectionTests,
    HistoryTests,
    MomentTests,
    TimeTests,
    OutboxTests,
    ConcurrencyTests,
    DurabilityTests,
    CopyTests,
    LifeTests,
):
    """Tests that a storage keeps its contract; inherit them and give `new_store`.

    Optional powers are declared; where one is absent its tests are skipped and say why.

    Attributes:
        reopens: what was written is there after `close`, when the store is opened again.
        shared: other processes can open the store at the same time.
        points: the fault points that the storage calls (`evalflow.fault_point`) on its way
            through `commit`: name -> whether the commit is durable when it is reached.
        examples: how many random lives are compared with the memory storage.
        shrinks: a life that shows a difference is cut down to the shortest one that does,
            which may take a minute.
    """
