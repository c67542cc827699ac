"""Which listing of another shop is which product of ours. Plain Python: names read, candidates, scores, thresholds."""
