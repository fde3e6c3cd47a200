#!/usr/bin/python3
"""Shows that what must not compile does not, and for the reason that is meant.

    check.py INCLUDE_DIR FILE COMPILER [FLAG…]

FILE must compile as it stands. With -DBROKEN it must not, and the compiler must say what the regular expression behind
`// refused:` in FILE says.
"""
import re
import subprocess
import sys
from pathlib import Path


def compile_it(include, file, compiler, flags):
    command = [compiler, "-std=c++20", "-fsyntax-only", "-Werror", "-I", include, *flags, file]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"})
    return done.returncode, done.stderr


def main():
    include, file, compiler, *flags = sys.argv[1:]
    reason = re.search(r"// refused: (.*)", Path(file).read_text()).group(1)
    code, errors = compile_it(include, file, compiler, flags)
    if code != 0:
        print(f"does not compile even without -DBROKEN:\n{errors}")
        return 1
    code, errors = compile_it(include, file, compiler, [*flags, "-DBROKEN"])
    if code == 0:
        print("compiles, though it must not")
        return 1
    if not re.search(reason, errors):
        print(f"is refused for another reason than {reason!r}:\n{errors}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
