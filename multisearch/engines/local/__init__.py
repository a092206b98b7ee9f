"""Our own worker processes, and the process that they hang on."""
