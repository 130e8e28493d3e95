"""The parts of `up42_facade.analytics`: jobs and job tasks of the older API."""
