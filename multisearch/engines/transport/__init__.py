"""How a problem and its code get to other processes, and back."""
