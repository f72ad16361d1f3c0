"""Background jobs: the declared schedule, one small file per job, and the processes that run them."""
