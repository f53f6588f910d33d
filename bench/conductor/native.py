"""The peers written in C++: bench/peers/NAME_worker.cpp becomes build/race/NAME_worker, compiled once."""
import json
import subprocess

from . import contenders
from .contenders import Failed, say

COMPILER = ["g++", "-std=c++20", "-O3", "-march=native"]
WANTS = {"libtorch": "wants g++ and the wheel of PyTorch", "dlib": "wants apt-get install g++ libdlib-dev libopenblas-dev"}
ASK_TORCH = """
import json, torch
from torch.utils import cpp_extension
print(json.dumps([cpp_extension.include_paths(), cpp_extension.library_paths(), int(torch.compiled_with_cxx11_abi())]))
"""


def libtorch_flags():
    """Its wheel holds headers and libraries; those for CUDA are not linked, so that they take no memory."""
    asked = subprocess.run([contenders.PYTHON, "-c", ASK_TORCH], capture_output=True, text=True)
    if asked.returncode != 0:
        raise Failed(asked.stderr.strip()[-200:])
    includes, libraries, abi = json.loads(asked.stdout.splitlines()[-1])
    return [f"-D_GLIBCXX_USE_CXX11_ABI={abi}", *(f"-isystem{path}" for path in includes),
            *(flag for path in libraries for flag in (f"-L{path}", f"-Wl,-rpath,{path}")), "-ltorch_cpu", "-lc10"]


def dlib_flags():
    return ["-lopenblas", "-ldlib"]  # in this order, so that dlib's BLAS is OpenBLAS whatever the system's default is


FLAGS = {"libtorch": libtorch_flags, "dlib": dlib_flags}


def compile_program(source, program, flags):
    program.parent.mkdir(parents=True, exist_ok=True)
    unfinished = program.with_suffix(".new")
    try:
        done = subprocess.run([*COMPILER, source, "-o", unfinished, *flags], capture_output=True, text=True)
    except OSError as error:
        raise Failed(str(error)) from None
    if done.returncode != 0:
        said = done.stderr.splitlines()
        raise Failed(next((line for line in said if "error" in line or "cannot find" in line), "".join(said[-1:])))
    unfinished.rename(program)


def is_fresh(program, inputs):
    return program.exists() and all(i.stat().st_mtime < program.stat().st_mtime for i in inputs if i.exists())


def build(name):
    source = contenders.SCRIPTS / f"{name}_worker.cpp"
    program = contenders.FOLDER / f"{name}_worker"
    if is_fresh(program, [source, *contenders.SCRIPTS.glob("*.h"), contenders.INSTALLED]):
        return
    say(f"compiling {name}: a minute")
    try:
        compile_program(source, program, FLAGS[name]())
    except Failed as reason:
        raise Failed(f"{WANTS[name]}: {reason}") from None


def build_all(names):
    """The reasons of those that cannot be built, by name."""
    reasons = {}
    for name in FLAGS:
        if name in names:
            try:
                build(name)
            except Failed as reason:
                reasons[name] = str(reason)
    return reasons
