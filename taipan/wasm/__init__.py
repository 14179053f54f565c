"""What a module is, free of bytes and machines (the spec's chapter "Structure")."""
