"""The parts of `up42_facade.processing` and of the templates: jobs, prices, executions."""
