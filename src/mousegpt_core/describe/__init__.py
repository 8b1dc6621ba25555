"""Descriptions: what a clip shows, in words, and which activity of the ethogram it is."""
