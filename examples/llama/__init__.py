"""llama.cpp: its binding, and text from a model."""
