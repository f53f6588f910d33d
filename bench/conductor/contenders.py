"""Who races: the worker processes of fovea and of its peers, and the environment that the peers need."""
import json
import os
import pathlib
import select
import subprocess
import sys
import venv

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
FOLDER = BUILD / "race"  # what the race leaves behind
PYTHON = BUILD / "peers" / "bin" / "python"
INSTALLED = BUILD / "peers" / "installed"  # written when all packages are there
SCRIPTS = ROOT / "bench" / "peers"
PACKAGES = ["torch", "torchvision", "onnxruntime", "onnx", "onnxscript", "opencv-python-headless"]
OURS = "fovea"
LONGEST_ANSWER = 900  # seconds; torch.compile takes minutes for a large network
WARM_UP = 4  # steps: the first ones capture, compile and ask for memory
SMALL = ("xor", "mlp", "lenet5", "resnet20", "lstm")  # networks in libtorch's C++


def say(text):
    print(text, file=sys.stderr, flush=True)


def install_peers():
    """A virtual environment under build/ with the newest packages, made once; delete build/peers to renew it."""
    if INSTALLED.exists() and INSTALLED.read_text().split() == PACKAGES:
        return
    say("installing the peers into build/peers: some minutes, some gigabytes")
    venv.create(BUILD / "peers", with_pip=True)
    subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", "--upgrade", *PACKAGES], check=True)
    INSTALLED.write_text(" ".join(PACKAGES))


def build_ours():
    subprocess.run([ROOT / "fovea", "version"], check=True, stdout=sys.stderr)


def peer_script(name, *arguments):
    return [str(PYTHON), str(SCRIPTS / name), *map(str, arguments)]


def peer_program(name, *arguments):
    return [str(FOLDER / name), *map(str, arguments)]


def commands(threads):
    """Name and command line of every contender."""
    onnx = FOLDER / "onnx"
    return {
        OURS: [str(BUILD / "release" / "fovea"), "bench", "worker", f"threads={threads}"],
        "torch eager": peer_script("torch_worker.py", "eager", threads),
        "torch channels_last": peer_script("torch_worker.py", "channels_last", threads),
        "torch compile": peer_script("torch_worker.py", "compile", threads),
        "torch compile_max": peer_script("torch_worker.py", "compile_max", threads),
        "libtorch eager": peer_program("libtorch_worker", "eager", threads),
        "libtorch channels_last": peer_program("libtorch_worker", "channels_last", threads),
        "libtorch raw": peer_program("libtorch_worker", "raw", threads),
        "dlib": peer_program("dlib_worker", threads),
        "onnxruntime": peer_script("onnxruntime_worker.py", threads, onnx),
        "opencv classic": peer_script("opencv_worker.py", "classic", threads, onnx),
        "opencv new": peer_script("opencv_worker.py", "new", threads, onnx),
    }


def takes_part(name, row):
    """Whether a contender can run the row at all; the rest it says itself."""
    if name.startswith(("onnxruntime", "opencv")):
        return row.mode == "predict"
    if name == "dlib":
        return row.net in ("xor", "mlp", "lenet5")
    if name == "libtorch raw":
        return row.mode == "train" and row.net in ("xor", "mlp")
    if name.endswith("channels_last") and row.net in ("xor", "mlp", "lstm"):
        return False
    return not name.startswith("libtorch") or row.net in SMALL


def environment(threads):
    return {**os.environ, "OMP_NUM_THREADS": str(threads), "TORCHINDUCTOR_CACHE_DIR": str(FOLDER / "inductor")}


class Failed(Exception):
    """A contender that cannot run a row, with its reason."""


class Worker:
    """A process that answers requests (bench/peers/worker.py)."""

    def __init__(self, name, command, threads):
        self.name, self.peak_rss, self.config = name, 0, name
        FOLDER.mkdir(parents=True, exist_ok=True)
        with open(FOLDER / f"{name.replace(' ', '_')}.log", "a") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, bufsize=0,
                                            env=environment(threads))
        self.rest = b""

    def _line(self):
        while b"\n" not in self.rest:
            if not select.select([self.process.stdout], [], [], LONGEST_ANSWER)[0]:
                raise Failed(f"no answer in {LONGEST_ANSWER} s")
            got = os.read(self.process.stdout.fileno(), 1 << 16)
            if not got:
                raise Failed(f"ended with code {self.process.wait()}")
            self.rest += got
        line, self.rest = self.rest.split(b"\n", 1)
        return line

    def run(self, request, seconds):
        """The seconds of each step."""
        try:
            self.process.stdin.write(f"{request} {seconds}\n".encode())
        except BrokenPipeError:
            raise Failed(f"ended with code {self.process.wait()}") from None
        answer = json.loads(self._line())
        if "error" in answer:
            raise Failed(answer["error"])
        self.peak_rss, self.config = answer["peak_rss"], answer["config"]
        return answer["times"]

    def warm_up(self, request):
        for _ in range(WARM_UP):
            self.run(request, 0)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
