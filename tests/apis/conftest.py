"""Which of these files can run."""

import os

collect_ignore = [] if "LLAMA_LLAMA_LIBRARY" in os.environ else ["test_llama_text.py"]
