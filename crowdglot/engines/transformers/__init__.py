"""The engine `transformers`: open weights on this machine's GPUs, or its CPU."""
