"""From a newer OpenAPI document to a generated client that still works; see docs/updating.md."""
