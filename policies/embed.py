#!/usr/bin/env python3
"""Writes the library of policies into the program's source, so that one binary carries it."""
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
THERE = HERE.parent / "Sources/HeadgateCommands/Policy/Library"
HEAD = "// Written by policies/embed.py from policies/{0}; change it there.\n// swift-format-ignore-file\n\n"


def literal(text):
    assert '"""#' not in text and text.endswith("\n")
    lines = "".join("            " + line + "\n" if line else "\n" for line in text.split("\n")[:-1])
    return '#"""\n' + lines + "\n" + '            """#'


def swift(name):
    return "".join(part.capitalize() for part in name.split("-"))


def main():
    THERE.mkdir(parents=True, exist_ok=True)
    for old in THERE.glob("Library+*.swift"):
        old.unlink()
    names = sorted(path.parent.name for path in HERE.glob("*/policy.yaml"))
    for name in names:
        folder = HERE / name
        files = {str(path.relative_to(HERE)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}
        policy = files[f"{name}/policy.yaml"]
        about = policy.splitlines()[0].removeprefix("# ")
        moments = ", ".join(f'"{at}"' for at in re.search(r"^  at: \[(.*)\]$", policy, re.M).group(1).split(", "))
        action = re.search(r"^  action: (\w+)$", policy, re.M).group(1)
        reports = sorted(set(re.findall(r"\.\./reports/(\w+)\.json", files[f"{name}/test.yaml"])))
        text = HEAD.format(name) + "extension PolicyLibrary {\n"
        text += f"    static let {swift(name)[0].lower() + swift(name)[1:]} = Entry(\n"
        text += f'        name: "{name}", at: [{moments}], action: "{action}",\n        about: "{about}",\n'
        text += f"        reports: [{', '.join(chr(34) + report + chr(34) for report in reports)}],\n        files: [\n"
        for path, content in files.items():
            text += f'            "{path}":\n            {literal(content)},\n'
        text += "        ])\n}\n"
        (THERE / f"Library+{swift(name)}.swift").write_text(text)
    text = HEAD.format("reports") + "extension PolicyLibrary {\n    static let reports: [String: String] = [\n"
    for path in sorted(HERE.glob("reports/*.json")):
        text += f'        "{path.stem}":\n            {literal(path.read_text() + chr(10))},\n'
    (THERE / "Library+Reports.swift").write_text(text + "    ]\n}\n")
    entries = "".join(f"        {swift(name)[0].lower() + swift(name)[1:]},\n" for name in names)
    text = HEAD.format("") + "extension PolicyLibrary {\n    static let all: [Entry] = [\n" + entries + "    ]\n}\n"
    (THERE / "Library+All.swift").write_text(text.replace("policies/;", "policies;"))


main()
