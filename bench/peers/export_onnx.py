"""Writes a network of the race as ONNX, once: python export_onnx.py NAME BATCH FILE."""
import pathlib
import sys

import torch

import networks


def export(name, batch, file):
    net, x, _ = networks.make(name, batch)
    unfinished = f"{file}.new"
    torch.onnx.export(net.eval(), (x,), unfinished, dynamo=True, external_data=False, verbose=False)
    pathlib.Path(unfinished).rename(file)


export(sys.argv[1], int(sys.argv[2]), sys.argv[3])
