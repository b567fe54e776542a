"""The ``crowdglot`` command under a clock that jumps an hour back, again and again."""

from tests.survival.wounds import jump

if __name__ == "__main__":
    jump(-3600.0)
    from crowdglot.command.app import main

    main()
