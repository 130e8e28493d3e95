"""The storage: sample scenes, and the results of jobs, each in its own collection."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from up42_sandbox.processing.lifecycle import JobBook
from up42_sandbox.processing.records import JobRecord
from up42_sandbox.stac.records import StoredFile, StoredItem
from up42_sandbox.stac.results import result_item


class StorageCatalog:
    """Finds items and files; results appear when their jobs finish."""

    def __init__(self, seed: int, samples: Iterable[StoredItem], jobs: JobBook) -> None:
        self._seed = seed
        self._lock = threading.RLock()
        self._jobs = jobs
        self._by_collection: dict[str, StoredItem] = {}
        self._files: dict[str, tuple[StoredItem, StoredFile]] = {}
        for item in samples:
            self._add(item)

    def items(self) -> list[StoredItem]:
        """Return all items: samples first, then results by age."""
        with self._lock:
            for job in self._jobs.with_results():
                self._of_job(job)
            return list(self._by_collection.values())

    def collection(self, collection_id: str) -> StoredItem | None:
        """Return the item of a collection, or None if the ID is unknown."""
        with self._lock:
            if (known := self._by_collection.get(collection_id)) is not None:
                return known
            job = self._jobs.by_collection(collection_id)
            return self._of_job(job) if job is not None and job.has_results else None

    def item(self, collection_id: str, item_id: str) -> StoredItem | None:
        """Return an item, or None if it is unknown."""
        item = self.collection(collection_id)
        return item if item is not None and item.id == item_id else None

    def sample(self, key: str) -> StoredItem:
        """Return a sample scene.

        Raises:
            KeyError: If there is none with this name.
        """
        for item in self.items():
            if item.key == key:
                return item
        raise KeyError(key)

    def file(self, file_id: str) -> tuple[StoredItem, StoredFile] | None:
        """Return a file and its item; the asset ID of a delivery means its first file."""
        with self._lock:
            return self._files.get(file_id)

    def _of_job(self, job: JobRecord) -> StoredItem:
        known = self._by_collection.get(job.collection_id)
        return known or self._add(result_item(self._seed, job, self._sources(job)))

    def _sources(self, job: JobRecord) -> list[StoredItem]:
        found = []
        for name in ("item", "sourceItem", "referenceItem"):
            parts = str(job.inputs.get(name, "")).rstrip("/").split("/")
            item = self.item(parts[-3], parts[-1]) if len(parts) > 3 else None
            if item is not None:
                found.append(item)
        return found

    def _add(self, item: StoredItem) -> StoredItem:
        self._by_collection[item.collection_id] = item
        self._files[item.asset_id] = (item, item.files[0])
        self._files.update({file.id: (item, file) for file in item.files})
        return item
