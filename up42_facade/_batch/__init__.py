"""The parts of `up42_facade.batch`: many templates and jobs as one thing."""
