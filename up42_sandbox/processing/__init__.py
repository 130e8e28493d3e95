"""The processing endpoints: processes, validation, cost, execution, jobs."""
