#include "cli/lecture/lecture.h"

namespace fovea::cli {
namespace {

const Chapter all[] = {
    {"pixels", "What a machine sees: pixels and video", pixels},
    {"rules", "Rules made by hand, rules learned from data", rules},
    {"neuron", "The neuron: it fires or it does not", neuron},
    {"perceptron", "The perceptron, its rise and its fall at XOR", perceptron},
    {"counting", "Layers of neurons: counting parameters", counting},
    {"collapse", "Why layers alone are not enough: linear collapse", collapse},
    {"activations", "Functions that are not linear: activations", activations},
    {"xor", "XOR solved, by hand and by learning", xor_solved},
    {"guess", "How networks learn: guess, error, adjust", guess},
    {"descent", "Gradient descent", descent},
    {"history", "The networks that won ImageNet", history},
    {"memory", "Networks with memory, networks that dream", memory},
    {"hardware", "Hardware: threads, and data that keeps them busy", hardware},
};

}  // namespace

std::span<const Chapter> chapters() { return all; }

}  // namespace fovea::cli
