"""Video of mice to language, and language to statistics: the headless engine."""
