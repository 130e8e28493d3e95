"""Templates and their inputs from text: files with a row for each job, command lines."""
