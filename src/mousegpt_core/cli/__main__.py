"""``python -m mousegpt_core.cli``, the way another program calls the command."""

from mousegpt_core.cli.app import main

if __name__ == "__main__":
    main()
