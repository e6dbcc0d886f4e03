"""`make demo`: the whole portal on one machine, over a sandbox AWS, from nothing."""
