"""The duty officers' pages: frame, menu, style, overview, audit."""
