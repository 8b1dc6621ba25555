"""The docks; each composes and delegates. Imported only where there is a window."""
