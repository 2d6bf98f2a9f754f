"""Readers of other people's bytes, for a process that may do nothing else."""
