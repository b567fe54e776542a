"""The ``crowdglot`` command under a clock that jumps an hour back, again and again."""

from benchmarks.survival.wounds import jump

if __name__ == "__main__":
    jump(-3600.0)
    from flows.command import main

    main()
