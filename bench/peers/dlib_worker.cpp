// dlib: dlib_worker THREADS; see worker.py for what it reads and answers.
// Steps call the network's own functions: dnn_trainer would add a thread and copies of the images. All layers
// carry a bias which decays like the weights, as in the other frameworks; dlib always computes the gradient
// of the images, too.
#include <cblas.h>
#include <dlib/dnn.h>
#include <dlib/revision.h>

#include <iostream>
#include <memory>

#include "worker.h"

namespace {

using namespace dlib;
using peer::Request;
using peer::Step;

template <int channels, class Below>
using conv5_without_padding = add_layer<con_<channels, 5, 5, 1, 1, 0, 0>, Below>;

template <class Below>
using pool2 = max_pool<2, 2, 2, 2, Below>;

using Images = input<matrix<float>>;
using Xor = loss_mean_squared<fc<1, htan<fc<2, Images>>>>;
using Mlp = loss_multiclass_log<fc<10, relu<fc<128, Images>>>>;
using LeNet5Features = pool2<relu<conv5_without_padding<16, pool2<relu<con<6, 5, 5, 1, 1, Images>>>>>>;
using LeNet5 = loss_multiclass_log<fc<10, relu<fc<84, relu<fc<120, LeNet5Features>>>>>>;

/// Gaussian noise.
std::vector<matrix<float>> noise(int64_t batch, long rows, long columns) {
  dlib::rand random(0);
  std::vector<matrix<float>> images;
  for (int64_t i = 0; i < batch; ++i) {
    images.emplace_back(rows, columns);
    for (float& pixel : images.back()) pixel = float(random.get_random_gaussian());
  }
  return images;
}

template <class Net>
void decay_biases(Net& net) {
  visit_computational_layers(net, [](auto& layer) {
    if constexpr (requires { layer.set_bias_weight_decay_multiplier(1); })
      layer.set_bias_weight_decay_multiplier(1);
  });
}

template <class Net>
Step make_step(const Request& r, long rows, long columns) {
  const auto net = std::make_shared<Net>();
  const auto x = std::make_shared<resizable_tensor>();
  const auto images = noise(r.batch, rows, columns);
  net->to_tensor(images.begin(), images.end(), *x);
  net->subnet().forward(*x);  // the layers ask for their parameters
  decay_biases(*net);
  if (!r.training()) return [=] { net->subnet().forward(*x); };
  std::vector<typename Net::training_label_type> labels;
  for (int64_t i = 0; i < r.batch; ++i) labels.push_back(i % 10);
  std::vector<sgd> solvers(Net::num_computational_layers, sgd(peer::weight_decay(r), peer::momentum));
  return [=]() mutable {
    net->compute_parameter_gradients(*x, labels.begin());
    net->update_parameters(make_sstack(solvers), peer::learning_rate);
  };
}

Step build(const Request& r) {
  if (r.workload == "xor") return make_step<Xor>(r, 2, 1);
  if (r.workload == "mlp") return make_step<Mlp>(r, 28, 28);
  if (r.workload == "lenet5") return make_step<LeNet5>(r, 28, 28);
  throw std::invalid_argument("this peer has no network " + r.workload);
}

}  // namespace

int main(int, char** argv) {
  openblas_set_num_threads(std::stoi(argv[1]));
  const std::string version = std::to_string(DLIB_MAJOR_VERSION) + "." + std::to_string(DLIB_MINOR_VERSION);
  peer::serve(std::cin, std::cout, build, "dlib " + version + ", " + openblas_get_config());
}
