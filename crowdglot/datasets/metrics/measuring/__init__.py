"""How a metric is measured: the corpus, tokens, intervals, and figures with signatures."""
