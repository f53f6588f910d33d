"""Tests of the race's conductor (bench/conductor) which need no peer; tools/check_race runs them."""
import os
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))

from conductor import contenders, measure, native, report, rows  # noqa: E402

PEER = """
#include <iostream>
#include "worker.h"
int main() {
  peer::serve(std::cin, std::cout, [](const peer::Request& r) -> peer::Step {
    if (r.workload != "xor") throw std::invalid_argument("no " + r.workload);
    return [] {};
  }, "a peer");
}
"""


class Folder(unittest.TestCase):
    """Each test has a folder of its own in place of build/race."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        patch = mock.patch.object(contenders, "FOLDER", self.folder / "race")
        patch.start()
        self.addCleanup(patch.stop)

    def source(self, text):
        file = self.folder / "some_worker.cpp"
        file.write_text(text)
        return file


class NativePeers(Folder):
    def test_a_program_answers_the_conductor(self):
        program = self.folder / "some_worker"
        native.compile_program(self.source(PEER), program, [f"-I{contenders.SCRIPTS}"])
        commands = {"some": [str(program)]}
        with measure.workers(["some"], commands, 1) as team:
            self.assertEqual(len(team["some"].run("xor 4 train", 0)), 1)
            self.assertEqual(team["some"].config, "a peer")
            self.assertGreater(team["some"].peak_rss, 0)
            with self.assertRaisesRegex(contenders.Failed, "no mlp"):
                team["some"].run("mlp 1 train", 0)
            team["some"].warm_up("xor 4 train")

    def test_what_does_not_compile_is_a_reason(self):
        with self.assertRaisesRegex(contenders.Failed, "error.*not_declared"):
            native.compile_program(self.source("int main() { return not_declared; }"), self.folder / "program", [])
        self.assertFalse((self.folder / "program").exists())

    def test_no_compiler_is_a_reason(self):
        with mock.patch.object(native, "COMPILER", ["no_such_compiler"]):
            with self.assertRaisesRegex(contenders.Failed, "no_such_compiler"):
                native.compile_program(self.source(PEER), self.folder / "program", [])

    def test_what_a_peer_wants_is_said(self):
        missing = mock.patch.dict(native.FLAGS, {"dlib": lambda: ["-lno_such_library"], "libtorch": mock.Mock()})
        with missing, mock.patch.object(contenders, "SCRIPTS", self.folder):
            (self.folder / "dlib_worker.cpp").write_text("int main() {}")
            reasons = native.build_all({"dlib", "torch"})
            native.FLAGS["libtorch"].assert_not_called()
        self.assertEqual(list(reasons), ["dlib"])
        self.assertRegex(reasons["dlib"], "libdlib-dev libopenblas-dev: .*no_such_library")

    def test_programs_are_compiled_anew_after_a_change(self):
        source, program = self.source(PEER), self.folder / "program"
        self.assertFalse(native.is_fresh(program, [source]))
        program.touch()
        os.utime(source, (1, 1))
        self.assertTrue(native.is_fresh(program, [source, self.folder / "absent"]))
        os.utime(program, (0, 0))
        self.assertFalse(native.is_fresh(program, [source]))


class Contenders(unittest.TestCase):
    def taking_part(self, *row):
        row = rows.Row(*row, must=1, aim=1)
        return {name for name in contenders.commands(2) if contenders.takes_part(name, row)}

    def test_who_runs_what(self):
        python = {"fovea", "torch eager", "torch compile", "torch compile_max"}
        images = {"torch channels_last", "libtorch channels_last"}
        predictors = {"onnxruntime", "opencv classic", "opencv new"}
        self.assertEqual(self.taking_part("xor", 4, "train"), python | {"libtorch eager", "libtorch raw", "dlib"})
        self.assertEqual(self.taking_part("lstm", 64, "train"), python | {"libtorch eager"})
        self.assertEqual(self.taking_part("lenet5", 1, "predict"),
                         python | images | predictors | {"libtorch eager", "dlib"})
        self.assertEqual(self.taking_part("vgg11", 8, "train"), python | {"torch channels_last"})


class Report(unittest.TestCase):
    def test_the_best_peer_counts_and_the_absent_are_listed(self):
        figures = {"fovea": 1.0, "torch eager": 4.0, "libtorch eager": 3.0}
        step = {"net": "xor", "batch": 4, "mode": "train", "failures": {"dlib": "ended with code 1"},
                "contenders": {name: {"seconds": s, "peak_rss": s} for name, s in figures.items()}}
        text = report.table({"steps": [step], "start": figures, "failures": {"dlib": "wants libdlib-dev"}})
        self.assertRegex(text, r"xor b4 train +1 s +3 s libtorch eager +3\.00x .* short")
        self.assertRegex(text, r"start to first step +1 s +3 s libtorch eager +3\.00x")
        self.assertIn("xor b4 train: without dlib: ended with code 1", text)
        self.assertIn("dlib: wants libdlib-dev", text)


if __name__ == "__main__":
    unittest.main()
