"""How long a call from Python to C takes: ``python -m benchmarks``, in a checkout."""
