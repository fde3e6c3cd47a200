#!/usr/bin/python3
"""Holds the sources to the house's rules, which CMakeLists.txt and this file name.

    check.py ROOT         prints every violation as path:line: what; exit 1 when there is any
    check.py --self-test  plants one violation of each rule in a temporary tree and demands that it is found
"""
import re
import sys
import tempfile
from pathlib import Path

# Third-party headers, by how their path begins, and where they may stand: always behind a module's .cpp files.
WALLS = {
    "rapidjson/": {"json"},
    "yaml-cpp/": {"yaml"},
    "openssl/": {"tls", "http", "digest", "auth"},
    "boost/": {"http"},
    "spdlog/": {"telemetry"},
    "prometheus/": {"telemetry"},
    "CLI/": {"webhook"},
    "sys/inotify.h": {"reload"},
    "zlib.h": {"audit"},
    "jwt/": {"auth"},
}
# Pure modules: what they depend on is an argument.
PURE = {"base", "units", "json", "yaml", "digest", "config", "admission", "workload", "estimate", "plan", "patch",
        "decide", "audit", "auth", "batch_script"}
FORBIDDEN = ["::now(", "getenv", "fstream", "std::thread", "std::mutex", "spdlog"]
MAY_THROW = {"json", "yaml"}  # their libraries do; what they throw is converted there
DRAWERS = re.compile(r"util|helper|common|manager|misc")

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')


def read_modules(root):
    """Module -> modules that it may include, from plimsoll_module(name DEPENDS a b …)."""
    text = re.sub(r"#.*", "", (root / "CMakeLists.txt").read_text())
    modules = {}
    for name, rest in re.findall(r"plimsoll_module\(\s*(\w+)([^)]*)\)", text):
        depends = re.search(r"DEPENDS\s+(.*?)(?:LIBRARIES|$)", rest, re.DOTALL)
        modules[name] = set(depends.group(1).split()) if depends else set()
    if not modules:
        raise SystemExit("CMakeLists.txt names no module")
    return modules


def strip(text):
    """C++ without comments and literals, line by line; includes keep theirs."""
    token = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)

    def blank(match):
        found = match.group(0)
        line_start = text.rfind("\n", 0, match.start()) + 1
        if found.startswith('"') and INCLUDE.match(text[line_start:match.end()]):
            return found
        return "\n" * found.count("\n")

    return token.sub(blank, text)


def module_of(path):
    """include/plimsoll/<m>/x.hpp and src/<m>/… belong to m, webhook/… to webhook."""
    parts = path.parts
    if parts[0] == "include":
        return parts[2] if len(parts) > 3 else None
    return parts[1] if parts[0] == "src" else parts[0]


def sources(root):
    for folder in ("include", "src", "webhook"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".hpp", ".cpp", ".h", ".cc"):
                yield path.relative_to(root)


def check_file(root, path, modules):
    module = module_of(path)
    if module != "webhook" and module not in modules:
        yield 1, f"{module} is no module of CMakeLists.txt"
        return
    may_include = set(modules) if module == "webhook" else modules[module] | {module}
    for number, line in enumerate(strip((root / path).read_text()).split("\n"), 1):
        include = INCLUDE.match(line)
        if include:
            name = include.group(1)
            own = re.match(r"plimsoll/(\w+)/", name)
            if own and own.group(1) not in may_include:
                yield number, f"{module} may not include {own.group(1)}: it is not in its DEPENDS"
            for prefix, owners in WALLS.items():
                if not name.startswith(prefix):
                    continue
                if module not in owners:
                    yield number, f"{name} stands behind the wall of {', '.join(sorted(owners))}"
                elif path.parts[0] == "include":
                    yield number, f"{name} leaks out of a public header"
        if module in PURE:
            for word in FORBIDDEN:
                if word in line:
                    yield number, f"{word} in {module}, which is pure"
            if module not in MAY_THROW and re.search(r"\bthrow\b", line):
                yield number, f"throw in {module}: errors are values"


def check_names(root):
    for folder in ("include", "src", "webhook", "tests"):
        for path in sorted((root / folder).rglob("*")):
            inside = path.relative_to(root)
            if path.is_file() and DRAWERS.search(str(inside.with_suffix(""))):
                yield inside, 1, "a drawer: name what is in it"


def check_cycles(modules):
    """The order of CMakeLists.txt is topological: every module stands after those it depends on."""
    seen = set()
    for name, depends in modules.items():
        for late in sorted(depends - seen):
            yield Path("CMakeLists.txt"), 1, f"{name} depends on {late}, which does not stand before it"
        seen.add(name)


def violations(root):
    modules = read_modules(root)
    yield from check_cycles(modules)
    yield from check_names(root)
    for path in sources(root):
        for number, what in check_file(root, path, modules):
            yield path, number, what


def self_test():
    cmake = "plimsoll_module(base)\nplimsoll_module(json DEPENDS base LIBRARIES x)\nplimsoll_module(plan DEPENDS base)\n" \
            "plimsoll_module(decide DEPENDS base json)  # LIBRARIES and comments do not count: plimsoll_module(ghost)\n" \
            "plimsoll_module(http DEPENDS base)\n"
    innocent = {
        "include/plimsoll/plan/plan.hpp": '#include <string>\n#include "plimsoll/base/result.hpp"\n',
        "src/plan/plan.cpp": '#include "plimsoll/plan/plan.hpp"\n// throw ::now( getenv in a comment\n'
                             'const char* s = "std::mutex"; char c = \'"\'; auto r = R"(throw)"; int n = 1\'000;\n',
        "src/json/document.cpp": "#include <rapidjson/document.h>\nvoid f() { throw 1; }\n",
        "src/http/server.cpp": "#include <boost/asio.hpp>\n#include <openssl/ssl.h>\nauto t = clock::now();\nstd::mutex m;\n",
        "webhook/main.cpp": '#include <CLI/CLI.hpp>\n#include "plimsoll/http/server.hpp"\n',
    }
    planted = {
        "src/plan/a.cpp": '#include "plimsoll/json/document.hpp"\n',
        "src/plan/b.cpp": '#include "plimsoll/http/server.hpp"\n',
        "src/plan/c.cpp": "#include <rapidjson/document.h>\n",
        "src/plan/d.cpp": "#include <yaml-cpp/yaml.h>\n",
        "src/plan/e.cpp": "#include <openssl/sha.h>\n",
        "src/plan/f.cpp": "#include <boost/asio.hpp>\n",
        "src/plan/g.cpp": "#include <CLI/CLI.hpp>\n",
        "src/http/t.cpp": "#include <sys/inotify.h>\n",
        "src/http/h.cpp": "#include <spdlog/logger.h>\n",
        "webhook/i.cpp": "#include <spdlog/spdlog.h>\n",
        "include/plimsoll/json/j.hpp": "#include <rapidjson/document.h>\n",
        "src/plan/k.cpp": "auto t = std::chrono::system_clock::now();\n",
        "src/plan/l.cpp": 'auto e = std::getenv("HOME");\n',
        "src/plan/m.cpp": "#include <fstream>\n",
        "src/plan/n.cpp": "std::thread t;\n",
        "src/plan/o.cpp": "std::mutex m;\n",
        "src/plan/p.cpp": "void f() { throw 1; }\n",
        "src/json/q.cpp": "std::mutex m;\n",
        "src/plan/utils.cpp": "int x;\n",
        "src/plan/json_helpers.hpp": "int x;\n",
        "webhook/connection_manager.cpp": "int x;\n",
        "src/plan/common/x.cpp": "int x;\n",
        "tests/plan/utils.hpp": "int x;\n",
        "src/stray/x.cpp": "int x;\n",
        "src/base/r.cpp": '#include "plimsoll/plan/plan.hpp"\n',
    }

    def run(files, cmake_text=cmake):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "CMakeLists.txt").write_text(cmake_text)
            for name, text in files.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            return [(str(path), number, what) for path, number, what in violations(root)]

    failures = [f"the innocent tree: {found}" for found in run(innocent)]
    for name, text in planted.items():
        found = run({**innocent, name: text})
        if {path for path, _, _ in found} != {name}:
            failures.append(f"planted {name}: {text.strip()}: found {found}")
    if not run(innocent, cmake + "plimsoll_module(late DEPENDS later)\nplimsoll_module(later)\n"):
        failures.append("a dependency on a later module was not found")
    for failure in failures:
        print(failure)
    print(f"{len(planted) + 2} trees, {len(failures)} failures")
    return 1 if failures else 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    found = list(violations(Path(sys.argv[1])))
    for path, number, what in found:
        print(f"{path}:{number}: {what}")
    print(f"{len(found)} violations")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
