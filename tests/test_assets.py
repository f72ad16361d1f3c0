"""Scripts, styles and pictures: where they come from, what they weigh, and how long a browser may keep them."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest
from flask import url_for

from app import assets
from tests.conftest import make_app
from tests.support.processes import ROOT

STATIC = ROOT / "app/static"
VENDOR = STATIC / "vendor"
VENDOR_OF_TESTS = ROOT / "tests/support/vendor"
FOREVER = "public, max-age=31536000, immutable"


class TestTheScriptsOfOthers:
    @pytest.mark.parametrize("folder", [VENDOR, VENDOR_OF_TESTS], ids=["served", "of tests"])
    def test_are_what_was_fetched(self, folder):
        expected = dict(reversed(line.split("  ")) for line in (folder / "SHA256SUMS").read_text().splitlines())
        there = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()
                 if path.name != "SHA256SUMS"}
        assert there == expected

    def test_are_pinned_to_one_version_and_that_is_the_one_here(self):
        named = json.loads((ROOT / "package.json").read_text())
        versions = named["dependencies"] | named["devDependencies"]
        assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions.values()), versions
        for package, path in (("chart.js", VENDOR / "chart.umd.min.js"), ("axe-core", VENDOR_OF_TESTS / "axe.min.js")):
            assert f" v{versions[package]}\n" in path.read_text()[:300], package

    def test_come_with_their_licences(self):
        for folder in (VENDOR, VENDOR_OF_TESTS):
            for script in folder.glob("*.js"):
                assert list(folder.glob(f"{script.name.split('.')[0]}.LICENSE*")), script


def test_all_of_them_weigh_no_more_than_300_kilobytes_compressed():
    weights = {str(path.relative_to(STATIC)): len(gzip.compress(path.read_bytes())) for path in STATIC.rglob("*")
               if path.suffix in (".css", ".js", ".svg")}
    assert len(weights) > 5
    assert sum(weights.values()) <= 300_000, weights


class TestAnAddress:
    @pytest.fixture
    def address(self, app):
        def address(filename: str, endpoint: str = "static") -> str:
            with app.test_request_context():
                return url_for(endpoint, filename=filename)

        return address

    def test_carries_a_hash_of_the_file(self, address):
        hashed = hashlib.sha256((STATIC / "gonghai.css").read_bytes()).hexdigest()
        assert address("gonghai.css") == f"/static/gonghai.css?v={hashed[:16]}"
        assert address("vendor/cally.js") != address("gonghai.css").replace("gonghai.css", "vendor/cally.js")

    def test_is_no_other_of_a_file_that_is_not_there_or_elsewhere(self, address):
        for name in ("nothing.css", "../config.py", "vendor", "\0"):
            assert "v=" not in address(name)

    def test_is_kept_for_a_year(self, client, address):
        for endpoint, filename in (("static", "gonghai.css"), ("static", "vendor/chart.umd.min.js"),
                                   ("admin.static", "admin/js/actions.js")):
            answer = client.get(address(filename, endpoint), buffered=True)
            assert answer.status_code == 200
            assert answer.headers["Cache-Control"] == FOREVER
            assert "Vary" not in answer.headers
            assert "Set-Cookie" not in answer.headers
            again = client.get(address(filename, endpoint), headers={"If-None-Match": answer.headers["ETag"]},
                               buffered=True)
            assert (again.status_code, again.headers["Cache-Control"]) == (304, FOREVER)

    @pytest.mark.parametrize("query", [
        "", "?v=", "?v=0123456789abcdef", "?V={right}", "?v=x&v={right}", "?v={right}%00"])
    def test_without_the_right_hash_is_asked_about_again(self, client, address, query):
        right = address("gonghai.css").partition("v=")[2]
        answer = client.get(f"/static/gonghai.css{query.format(right=right)}", buffered=True)
        assert answer.headers["Cache-Control"] in ("no-cache", "no-store")

    def test_with_the_hash_of_another_file_is_asked_about_again(self, client, address):
        other = address("gonghai.js").partition("?")[2]
        assert client.get(f"/static/gonghai.css?{other}", buffered=True).headers["Cache-Control"] == "no-cache"

    def test_of_nothing_is_never_kept(self, client):
        for path in ("/static/nothing.js?v=0123456789abcdef", "/static/?v=1", "/static/vendor?v=1"):
            answer = client.get(path)
            assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")

    def test_changes_with_the_file(self, database_url, clock, tmp_path):
        app = make_app(database_url, clock)
        app.static_folder = str(tmp_path)
        style = tmp_path / "a.css"
        with app.test_request_context():
            assert assets.version("static", "a.css") is None
            style.write_text("a {}")
            first = assets.version("static", "a.css")
            style.write_text("b { }")
            assert first != assets.version("static", "a.css")


def test_every_page_names_its_files_with_their_hash(login):
    page = login("admin").get("/admin/customer/").text
    named = re.findall(r'(?:src|href)="(/(?:admin/)?static/[^"]*)"', page)
    assert len(named) >= 3
    assert [each for each in named if not re.search(r"\?v=[0-9a-f]{16}$", each)] == []


def test_no_template_names_a_file_past_url_for():
    templates = [path for path in (ROOT / "app/templates").rglob("*.html")]
    assert [path.name for path in templates if re.search(r'(src|href)="/', path.read_text())] == []


def test_every_file_a_template_names_is_there():
    named = {name for path in (ROOT / "app").rglob("*.html")
             for name in re.findall(r"url_for\('static', filename='([^']+)'", path.read_text())}
    assert named
    assert [name for name in named if not (STATIC / Path(name)).is_file()] == []
