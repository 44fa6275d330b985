"""Arithmetic on arrays of samples: numpy and nothing else."""
