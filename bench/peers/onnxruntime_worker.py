"""ONNX Runtime: python onnxruntime_worker.py THREADS FOLDER_OF_ONNX_FILES; see worker.py for what it reads and answers."""
import sys

import numpy
import onnxruntime

from onnx_files import only_predicts, onnx_file
from worker import serve


def main():
    threads, folder = int(sys.argv[1]), sys.argv[2]

    def build(workload, batch, mode):
        only_predicts(mode)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        session = onnxruntime.InferenceSession(onnx_file(workload, batch, folder), options,
                                               providers=["CPUExecutionProvider"])
        given, = session.get_inputs()
        x = numpy.random.default_rng(0).standard_normal(given.shape, numpy.float32)
        binding = session.io_binding()  # spares the copies of inputs and results
        binding.bind_cpu_input(given.name, x)
        binding.bind_output(session.get_outputs()[0].name)
        return lambda: session.run_with_iobinding(binding)

    serve(build, f"onnxruntime {onnxruntime.__version__}")


main()
