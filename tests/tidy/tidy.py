#!/usr/bin/env python3
"""The house rules that a machine can check. Prints every finding with its cure; none is silence and exit 0.

    tests/tidy/tidy.py [ROOT]      checks the files that git knows and those it would add
    tests/tidy/tidy.py --self-test breaks each rule in a scratch tree and expects to be told
"""

import os
import re
import subprocess
import sys
import tempfile

MAX_FILE_BYTES = 1 << 20
MAX_COLUMNS = 120
CPP = (".cc", ".h")
SOURCE_FOLDERS = ("src/", "apps/", "clients/cpp/", "bench/", "tests/", "fuzz/")
# Spelled in two halves, so that this file does not find itself.
LEFTOVER = re.compile(r"\b(" + "|".join(["TO" "DO", "FIX" "ME", "XX" "X", "HA" "CK"]) + r")\b")
DEBUG_PRINT = re.compile(r"std::c(?:out|err)\s*<<|\b(?:std::)?printf\s*\(|\bputs\s*\(")
NAMED_FILE = re.compile(r"(?<![\w/.-])(?:src|tests|docs|scripts|bench|cmake|apps|clients)/[\w/.-]*\.(?:cc|h|slt|md|py)\b")
FOREIGN_HOMES = {
    "rocksdb": (re.compile(r'#include\s*[<"]rocksdb/'), "src/kv/"),
    # The terminal client loads the library by itself, through its C interface alone.
    "duckdb": (re.compile(r'#include\s*[<"]duckdb(?!\.h>)'), "src/duck/"),
    "duckdb.h": (re.compile(r'#include <duckdb\.h>'), "apps/kalam/export/"),
}
# What may include a header: composition in main(), SQL where statements are executed, keywords in one list.
STRUCTURE = [
    # US14 T009a test_main_rs_module_structure
    (re.compile(r"apps/kalamdb-server/"), re.compile(r'#include "(?!base/|server/|flags\.h")'),
     "main() goes past the server module", "let config, routes and life cycle stay in src/server and src/api"),
    # US14 T010a test_executor_moved_to_kalamdb_sql
    (re.compile(r"(?!src/(?:duck|query|exec|live|cold|jobs|server)/)(?:src|apps|clients)/"),
     re.compile(r'#include "duck/engine\.h"'), "runs SQL outside exec",
     "go through api and exec::Executor"),
    # US14 T010b test_sql_keywords_enum_centralized
    (re.compile(r"(?!src/sql/include/sql/keyword\.h$)(?:src|apps|clients)/"),
     re.compile(r"#\s*define KALAM_SQL_KEYWORDS|enum class Keyword\b"), "a second list of keywords",
     "add the word to sql/keyword.h"),
    # US6 T355 test_column_family_helper_functions
    (re.compile(r"src/(?!model/key_codec\.cc$|catalog/meta_keys\.h$)"),
     re.compile(r"AppendBigEndian\(.*\btable\w*\.value\(\)"), "builds the key of a partition by itself",
     "call PartitionPrefix or TablePrefix of model/key_codec.h"),
]


def files_of(root):
    """Relative paths, sorted; without git (a source archive) all files outside build/."""
    listed = subprocess.run(
        ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True, text=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        names = listed.stdout.split("\0")
    else:
        names = []
        for folder, subfolders, leaves in os.walk(root):
            subfolders[:] = [s for s in subfolders if s not in (".git", "build", "data")]
            names += [os.path.relpath(os.path.join(folder, leaf), root) for leaf in leaves]
    return sorted(name for name in names if name and os.path.isfile(os.path.join(root, name)))


def read_lines(root, name):
    try:
        with open(os.path.join(root, name), encoding="utf-8") as file:
            return file.read().split("\n")
    except UnicodeDecodeError:
        return []  # not text


def check_lines(name, lines):
    """Rules about single lines of text files."""
    is_cpp = name.endswith(CPP)
    # The CLI and the load generator print for a living, and tests may say what they measured.
    may_print = not name.startswith("src/") or name.endswith("_test.cc")
    in_drawn_table = False
    for number, line in enumerate(lines, 1):
        where = f"{name}:{number}"
        found = LEFTOVER.search(line)
        if found:
            yield where, f"'{found[0]}' left behind", "do it, or file an issue and delete the note"
        if not is_cpp:
            continue
        if "clang-format o" in line:
            in_drawn_table = "clang-format off" in line
        if len(line) > MAX_COLUMNS and not in_drawn_table:
            yield where, f"{len(line)} columns, more than {MAX_COLUMNS}", "break the line (`make format`)"
        if not may_print and DEBUG_PRINT.search(line):
            yield where, "prints to the terminal", "log with KALAM_LOG from base/log.h, or delete the line"
        for place, pattern, problem, cure in STRUCTURE:
            if not name.endswith("_test.cc") and place.match(name) and pattern.search(line):
                yield where, problem, cure
        for library, (include, home) in FOREIGN_HOMES.items():
            # bench/ has what we are compared with.
            if include.search(line) and not name.startswith((home, "bench/")):
                yield where, f"includes {library} outside {home}", f"go through the interface of {home}"


def check_cmake_lists(root, names):
    """Every .cc is named, relative to its CMakeLists.txt, in that of its folder or of one above."""
    known = set(names)
    texts = {}
    for name in names:
        if not name.endswith(".cc") or not name.startswith(SOURCE_FOLDERS):
            continue
        folder = os.path.dirname(name)
        while folder:
            lists = f"{folder}/CMakeLists.txt"
            if lists in known:
                if lists not in texts:
                    texts[lists] = "\n".join(read_lines(root, lists))
                relative = re.escape(os.path.relpath(name, folder))
                if re.search(rf"(?<![\w/.-]){relative}(?![\w/.-])", texts[lists]):
                    break
            folder = os.path.dirname(folder)
        else:
            yield name, "is in no CMakeLists.txt, so nobody builds it", "add it to its target, or delete it"


def check_documents(root, names):
    """A document that names a file of ours must name one that is there: COMPAT.md points to its proofs."""
    known = set(names)
    for name in names:
        if not name.endswith(".md"):
            continue
        for number, line in enumerate(read_lines(root, name), 1):
            for named in NAMED_FILE.findall(line):
                if named not in known:
                    yield f"{name}:{number}", f"names {named}, which is not there", "name the file that is"


def check_files(root, names):
    """Rules about files and folders as a whole."""
    known = set(names)
    for name in names:
        if os.path.getsize(os.path.join(root, name)) > MAX_FILE_BYTES:
            yield name, "is larger than 1 MB", "generate or fetch it instead of committing it"
        if re.fullmatch(r"docs/[^/]+", name) and name != "docs/performance.md":
            yield name, "lies directly in docs/", "move it to docs/{quickstart,build,operations,architecture}/"
        module = re.fullmatch(r"(src/[^/]+)/CMakeLists\.txt", name)
        if module and f"{module[1]}/README.md" not in known:
            yield module[1], "has no README.md", "say in ten lines what it owns, its threads, what it never does"
        if name.endswith(".slt"):
            first = next((line for line in read_lines(root, name) if line.strip()), "")
            if not re.match(r"#\s*\w", first):
                yield name, "does not start with a description", "begin with a comment that says what it proves"


def findings(root):
    names = files_of(root)
    for name in names:
        yield from check_lines(name, read_lines(root, name))
    yield from check_cmake_lists(root, names)
    yield from check_documents(root, names)
    yield from check_files(root, names)


def self_test():
    """Each rule in a scratch tree: (files, the finding expected or None)."""
    clean = {"src/base/CMakeLists.txt": "a.cc\n", "src/base/a.cc": "int a;\n", "src/base/README.md": "base\n"}
    cases = [
        ({}, None),
        ({"src/base/a.cc": "// TO" "DO later\n"}, "left behind"),
        ({"src/base/a.cc": 'std::cout << "here";\n'}, "prints to the terminal"),
        ({"src/base/a.cc": "// " + "x" * 120 + "\n"}, "columns"),
        ({"src/base/a.cc": "#include <rocksdb/db.h>\n"}, "includes rocksdb"),
        ({"src/base/a.cc": '#include "duckdb.hpp"\n'}, "includes duckdb"),
        ({"apps/kalamdb-server/main.cc": '#include "kv/store.h"\n', "apps/kalamdb-server/CMakeLists.txt": "main.cc\n"},
         "goes past the server module"),
        ({"src/base/a.cc": '#include "duck/engine.h"\n'}, "runs SQL outside exec"),
        ({"src/base/a.cc": "enum class Keyword : char {};\n"}, "a second list of keywords"),
        ({"src/base/a.cc": "AppendBigEndian(key, table.value());\n"}, "builds the key of a partition"),
        ({"src/base/b.cc": "int b;\n"}, "in no CMakeLists.txt"),
        ({"src/base/aa.cc": "int b;\n", "src/base/CMakeLists.txt": "a.cc x/aa.cc\n"}, "in no CMakeLists.txt"),
        ({"src/new/CMakeLists.txt": "\n"}, "has no README.md"),
        ({"README.md": "see `src/base/gone.cc`\n"}, "which is not there"),
        ({"README.md": "see `src/base/a.cc`.\n"}, None),
        ({"docs/stray.md": "lost\n"}, "directly in docs/"),
        ({"tests/sql/a.slt": "statement ok\n"}, "does not start with a description"),
        ({"tests/sql/a.slt": "# What it proves\nstatement ok\n"}, None),
        ({"big.bin": "x" * (MAX_FILE_BYTES + 1)}, "larger than 1 MB"),
    ]
    for files, expected in cases:
        with tempfile.TemporaryDirectory() as root:
            for name, text in {**clean, **files}.items():
                os.makedirs(os.path.dirname(os.path.join(root, name)), exist_ok=True)
                with open(os.path.join(root, name), "w", encoding="utf-8") as file:
                    file.write(text)
            problems = [problem for _, problem, _ in findings(root)]
        told = not problems if expected is None else any(expected in problem for problem in problems)
        if not told:
            sys.exit(f"tidy: self-test with {sorted(files)}: expected {expected}, found {problems}")


def main():
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..", "..")
    found = list(findings(root))
    for where, problem, cure in found:
        print(f"{where}: {problem}\n    cure: {cure}")
    if found:
        sys.exit(f"tidy: {len(found)} findings")


main()
