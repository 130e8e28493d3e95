"""The storage: sample scenes, and a collection for each job with results."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator

from up42_sandbox.processing.lifecycle import JobBook
from up42_sandbox.processing.records import JobRecord
from up42_sandbox.stac.records import StoredCollection, StoredFile, StoredItem
from up42_sandbox.stac.results import ResultMaker


class StorageCatalog:
    """Finds collections, items, and files; results appear when their jobs finish."""

    def __init__(
        self, samples: Iterable[StoredCollection], jobs: JobBook, results: ResultMaker
    ) -> None:
        self._lock = threading.RLock()
        self._collections = {collection.id: collection for collection in samples}
        self._jobs = jobs
        self._results = results
        self._files: dict[str, tuple[StoredItem, StoredFile]] = {}
        for collection in self._collections.values():
            self._register(collection)

    def collections(self) -> list[StoredCollection]:
        """Return all collections: samples first, then results by age."""
        with self._lock:
            for job in self._jobs.with_results():
                self._of_job(job)
            return list(self._collections.values())

    def collection(self, collection_id: str) -> StoredCollection | None:
        """Return a collection, or None if it is unknown."""
        with self._lock:
            if (known := self._collections.get(collection_id)) is not None:
                return known
            job = self._jobs.by_collection(collection_id)
            return self._of_job(job) if job is not None and job.has_results else None

    def items(self) -> Iterator[StoredItem]:
        """Yield all items."""
        for collection in self.collections():
            yield from collection.items

    def item(self, collection_id: str, item_id: str) -> StoredItem | None:
        """Return an item, or None if it is unknown."""
        collection = self.collection(collection_id)
        if collection is None:
            return None
        return next((item for item in collection.items if item.id == item_id), None)

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

    def _of_job(self, job: JobRecord) -> StoredCollection:
        known = self._collections.get(job.collection_id)
        if known is None:
            known = self._results.collection(job, self._sources(job))
            self._collections[known.id] = known
            self._register(known)
        return known

    def _sources(self, job: JobRecord) -> list[StoredItem]:
        found = []
        for name in ("item", "sourceItem", "referenceItem"):
            parts = str(job.inputs.get(name, "")).rstrip("/").split("/")
            item = self.item(parts[-3], parts[-1]) if len(parts) > 3 else None
            if item is not None:
                found.append(item)
        return found

    def _register(self, collection: StoredCollection) -> None:
        for item in collection.items:
            self._files[item.asset_id] = (item, item.files[0])
            for file in item.files:
                self._files[file.id] = (item, file)
