"""OpenCV's dnn module: python opencv_worker.py ENGINE THREADS FOLDER_OF_ONNX_FILES; see worker.py.

ENGINE is classic or new, the two that OpenCV 5 has.
"""
import sys

import cv2
import numpy

import onnx_files
from worker import serve


def main():
    engine, threads, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    cv2.setNumThreads(threads)

    def build(workload, batch, mode):
        onnx_files.only_predicts(mode)
        file = onnx_files.onnx_file(workload, batch, folder)
        net = cv2.dnn.readNetFromONNX(file, getattr(cv2.dnn, f"ENGINE_{engine.upper()}"))
        side = {"lenet5": (1, 28), "resnet20": (3, 32)}.get(workload, (3, 224))
        x = numpy.random.default_rng(0).standard_normal((batch, side[0], side[1], side[1]), numpy.float32)

        def step():
            net.setInput(x)
            net.forward()

        return step

    serve(build, f"opencv {cv2.__version__} {engine}")


main()
