"""A light, typed client for UP42's processing of satellite imagery.

Example:
    >>> import up42_facade as up42
    >>> up42.authenticate(username=name, password=password, base_url=url)
    Session(api='…')
    >>> jobs = up42.Job.all(sort_by=up42.JobSorting.created.desc)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from up42_facade._version import __version__ as __version__

# Modules and names are loaded when they are first used: importing the package costs nothing.
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
_MODULE_OF = {name: module for module, names in _NAMES.items() for name in names.split()}

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
    __all__ = ["__version__", *_SUBMODULES, *_MODULE_OF]


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return import_module(f"up42_facade.{name}")
    # Errors are all that isn't in the table.
    module = import_module(f"up42_facade.{_MODULE_OF.get(name, 'errors')}")
    if name not in _MODULE_OF and not module.is_error(name):
        raise AttributeError(f"module 'up42_facade' has no attribute {name!r}")
    value = globals()[name] = getattr(module, name)
    return value


def __dir__() -> list[str]:
    return sorted(["__version__", *_SUBMODULES, *_MODULE_OF])
