"""`python -m mmg_cli` runs the program `mmg`."""

from mmg_cli.main import main

if __name__ == "__main__":
    main()
