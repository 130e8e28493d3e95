"""The legacy analytics API: projects, workflows, jobs and job tasks."""
