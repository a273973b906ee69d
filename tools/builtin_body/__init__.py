"""The built-in body, from rules: figure, mesh, skeleton, skin and correctives."""
