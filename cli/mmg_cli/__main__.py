"""`python -m mmg_cli` is the program `mmg`."""

from mmg_cli.main import main

if __name__ == "__main__":
    main()
