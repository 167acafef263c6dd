"""Draws a report's Markdown as a forge shows it: render.py REPORT-FOLDER PICTURE.png"""
import pathlib
import re
import subprocess
import sys
import tempfile

import cmarkgfm

STYLE = """
body { margin: 0; padding: 10px 30px 20px; width: 860px; color: #1f2328; background: #fff;
       font: 16px/1.5 'DejaVu Sans', 'Noto Color Emoji', sans-serif; }
h2, h3 { border-bottom: 1px solid #d1d9e0; padding-bottom: .4em; margin: 1em 0 .8em; line-height: 1.25; }
h2 { font-size: 1.5em; } h3 { font-size: 1.2em; }
code { font: 85% 'DejaVu Sans Mono', monospace; background: #eff1f3; border-radius: 6px; padding: .2em .4em; }
h3 code { font-size: 100%; }
table { border-collapse: collapse; margin: 0 0 16px; } th { font-weight: 600; }
th, td { border: 1px solid #d1d9e0; padding: 5px 13px; } tr:nth-child(even) td { background: #f6f8fa; }
td code { font-size: 70%; } p { margin: 0 0 16px; } img { max-width: 100%; }
"""


def main(folder, picture):
    folder = pathlib.Path(folder)
    body = cmarkgfm.github_flavored_markdown_to_html((folder / "report.md").read_text())
    with tempfile.TemporaryDirectory() as scratch:
        page = folder / "report.html"
        page.write_text(
            f"<!doctype html><meta charset=utf-8><style>{STYLE}</style><body>{body}</body>"
            f"<script>onload = () => document.body.dataset.height = document.body.scrollHeight</script>")
        browser = [
            "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={scratch}",
            "--virtual-time-budget=2000", "--allow-file-access-from-files"]
        address = page.resolve().as_uri()
        seen = subprocess.run(
            [*browser, "--window-size=920,400", "--dump-dom", address], check=True, capture_output=True, text=True)
        height = int(re.search(r'data-height="(\d+)"', seen.stdout).group(1))
        subprocess.run(
            [*browser, f"--window-size=920,{height + 10}", f"--screenshot={pathlib.Path(picture).resolve()}", address],
            check=True, capture_output=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
