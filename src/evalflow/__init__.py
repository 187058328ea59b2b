"""evalflow: the yearly evaluation of an office's key projects as persisted state machines.

For whoever embeds it; plugin authors find their names in `evalflow.plugins`, storages theirs in
`evalflow.storage`, tests theirs in `evalflow.testing`. The names are listed in `__init__.pyi`, and
everything is imported when first used, so that a plain `import evalflow` costs little.

    import evalflow

    office = evalflow.open("sqlite:///office.db")
    plan = evalflow.load_plan("plan.yaml")
    office.adopt(plan, by="policy-1")
    office.fire("seodaemun-2016/6", "self_evaluate", by="education-1", data={...})
"""

from typing import Any

from evalflow._public import lazily

_get, __dir__, __all__ = lazily(__name__)


def __getattr__(name: str) -> Any:
    return _version() if name == "__version__" else _get(name)


def _version() -> str:
    from importlib import metadata  # which takes longer than all of this module

    try:
        return metadata.version("municipal-evalflow")
    except metadata.PackageNotFoundError:
        raise AttributeError(
            "evalflow has no __version__: municipal-evalflow is on the path and not installed"
        ) from None
