"""The older API: projects, workflows, jobs and job tasks."""
