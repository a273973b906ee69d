"""How right, beside what: studies, references, and programs from elsewhere."""
