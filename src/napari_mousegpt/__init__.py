"""The napari plugin: readers, layers and docks around `mousegpt_core`."""
