"""A light, typed client for UP42's processing of satellite imagery.

Example:
    >>> import up42_facade as up42
    >>> up42.authenticate(username=name, password=password, base_url=url)
    Session(api='…')
    >>> jobs = up42.Job.all(sort_by=up42.JobSorting.created.desc)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from up42_facade._common.lazy import lazy_names
from up42_facade._version import __version__ as __version__

_SUBMODULES = ("errors", "processing_templates")
_NAMES = {
    "session": "Balance Session TransportOptions authenticate get_balance",
    "stac": "get_item search_items",
    "results": "Asset download_items initialize_asset",
    "analytics": "AnalyticsJobSorting get_jobs initialize_job initialize_jobtask",
    "processing": (
        "TERMINAL_STATUSES Cost Job JobMetadata JobResults JobSorting JobStatus Process "
        "SortingField ValidationError jobs_to_dataframe parse_inputs read_templates"
    ),
    "batch": "Batch BatchEntry",
    "checking": "ApiReport check_api",
}
_PUBLIC = ["__version__", *_SUBMODULES, *" ".join(_NAMES.values()).split()]
_load = lazy_names(__name__, _NAMES)

if TYPE_CHECKING:
    # Type checkers see what packages list in `__all__`.
    from up42_facade import errors as errors
    from up42_facade import processing_templates as processing_templates
    from up42_facade.analytics import AnalyticsJobSorting as AnalyticsJobSorting
    from up42_facade.analytics import get_jobs as get_jobs
    from up42_facade.analytics import initialize_job as initialize_job
    from up42_facade.analytics import initialize_jobtask as initialize_jobtask
    from up42_facade.batch import *
    from up42_facade.checking import ApiReport as ApiReport
    from up42_facade.checking import check_api as check_api
    from up42_facade.errors import *
    from up42_facade.processing import *
    from up42_facade.results import *
    from up42_facade.session import *
    from up42_facade.stac import *
else:
    __all__ = _PUBLIC


def __getattr__(name: str) -> Any:
    errors = import_module("up42_facade.errors")
    if errors.is_error(name):
        return getattr(errors, name)
    return import_module(f"up42_facade.{name}") if name in _SUBMODULES else _load(name)


def __dir__() -> list[str]:
    return sorted(_PUBLIC)
