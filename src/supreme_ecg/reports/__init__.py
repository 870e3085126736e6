"""Report -> findings: statements, and the rules that read them."""
