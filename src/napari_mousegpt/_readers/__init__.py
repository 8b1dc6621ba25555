"""napari readers: one file per kind of input."""
