"""`python -m allabel`, and where the program `allabel` begins: Ctrl+C is words from the first moment on."""

import sys


def main() -> None:
    """Run the command line and exit with its status."""
    try:
        from allabel.cli import main as run
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
