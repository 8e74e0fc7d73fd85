"""`python -m solard` and the `solard` command."""

from solard.cli.root import main

if __name__ == "__main__":
    main()
