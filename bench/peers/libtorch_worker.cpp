// libtorch, PyTorch without Python: libtorch_worker CONFIG THREADS; see worker.py for what it reads and
// answers. CONFIG is eager (NCHW, the networks as modules), channels_last, or raw (libtorch_raw.h).
#include <malloc.h>
#include <torch/torch.h>

#include <iostream>

#include "libtorch_networks.h"
#include "libtorch_raw.h"
#include "libtorch_sgd.h"
#include "worker.h"

namespace {

using namespace peer;

void to_channels_last(const std::vector<Tensor>& tensors) {
  for (Tensor t : tensors)
    if (t.dim() == 4) t.set_data(t.contiguous(at::MemoryFormat::ChannelsLast));
}

Tensor random_target(const Request& r, int64_t classes) {
  return r.workload == "xor" ? torch::rand({r.batch, 1}) : torch::randint(classes, {r.batch}, torch::kLong);
}

Tensor loss_of(const Request& r, const Tensor& y, const Tensor& target) {
  return r.workload == "xor" ? torch::mse_loss(y, target) : torch::cross_entropy_loss(y, target);
}

Step training_step(const Request& r, const Network& net, const Tensor& x) {
  const Tensor target = random_target(r, net.classes);
  const auto parameters = net.parameters();
  Sgd sgd(parameters, weight_decay(r));
  return [=]() mutable {
    const Tensor loss = loss_of(r, net.forward(x), target);
    sgd.step(torch::autograd::grad({loss}, parameters));
  };
}

Step prediction(const Network& net, const Tensor& x) {
  for (const auto& layer : net.layers) layer->eval();
  return [=] {
    const c10::InferenceMode guard;
    net.forward(x);
  };
}

Step module_step(const Request& r, bool channels_last) {
  const Network net = make(r.workload);
  std::vector<int64_t> shape{r.batch};
  shape.insert(shape.end(), net.input.begin(), net.input.end());
  Tensor x = torch::randn(shape);
  if (channels_last) {
    to_channels_last(net.parameters());
    to_channels_last({x});
  }
  return r.training() ? training_step(r, net, x) : prediction(net, x);
}

/// Memory that is freed stays with the process: fresh pages cost more than small steps.
void keep_memory() {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

}  // namespace

int main(int, char** argv) {
  const std::string config = argv[1];
  keep_memory();
  at::set_num_threads(std::stoi(argv[2]));
  const auto build = [&](const Request& r) {
    return config == "raw" ? raw_step(r) : module_step(r, config == "channels_last");
  };
  serve(std::cin, std::cout, build, "libtorch " TORCH_VERSION " " + config);
}
