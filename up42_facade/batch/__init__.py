"""Batches: many templates and their jobs as one unit, with a journal."""

from up42_facade.batch._batch import Batch
from up42_facade.batch._entry import BatchEntry

__all__ = ["Batch", "BatchEntry"]
