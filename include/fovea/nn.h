// Networks: modules with named parameters, the layers of the field, losses and summaries.
// A module is a value with reference semantics, like Tensor: copies share parameters, buffers and the
// train/eval mode. Threads: one module may run forward in many threads in eval mode; training a module
// belongs to one thread.
//   nn::Sequential net(nn::Conv2d(1, 6, 5, {.padding = 2}), nn::ReLU(), nn::MaxPool2d(2),
//                      nn::Flatten(), nn::Linear(6 * 14 * 14, 10));
//   Tensor logits = net(images);                              // errors name the layer: "0 (Conv2d(1, 6,
//   kernel=5)): ..." save_safetensors("net.safetensors", net.state_dict());    // names as torchvision's
//   std::cout << nn::summary(net, {1, 1, 28, 28});
#pragma once
#include "fovea/nn/activation.h"
#include "fovea/nn/attention.h"
#include "fovea/nn/container.h"
#include "fovea/nn/conv_lstm.h"
#include "fovea/nn/ctc.h"
#include "fovea/nn/layer.h"
#include "fovea/nn/linear_chain.h"
#include "fovea/nn/loss.h"
#include "fovea/nn/module.h"
#include "fovea/nn/norm.h"
#include "fovea/nn/perceptron.h"
#include "fovea/nn/pool.h"
#include "fovea/nn/recurrent.h"
#include "fovea/nn/summary.h"
#include "fovea/nn/watch.h"
