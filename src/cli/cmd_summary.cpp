#include <iostream>

#include "cli/setup.h"
#include "fovea/init.h"
#include "fovea/random.h"

namespace fovea::cli {

namespace {

nn::Summary summary_of(const NetworkKeys& k) {
  {
    const init::Skip weights_count_nothing;
    const Network n = network_of(k);
    nn::Summary s = nn::summary(n.net, n.input);
    if (s.chains.empty()) return s;
  }
  manual_seed(0);  // the one linear function of a chain shows weights
  const Network n = network_of(k);
  return nn::summary(n.net, n.input);
}

}  // namespace

const Command summary_command{
    "summary", "the layers of a network: shapes, weights + biases, multiply-accumulates",
    "  fovea summary model=lenet5\n  fovea summary model=resnet50 classes=100\n  fovea summary "
    "model=mlp:784-128-10\n"
    "  fovea summary model=runs/train/1\n",
    [](KeySet& app) -> std::function<int()> {
      auto k = std::make_shared<NetworkKeys>();
      add_network_keys(app, *k);
      return [k] {
        std::cout << summary_of(*k) << std::flush;
        return 0;
      };
    }};

}  // namespace fovea::cli
