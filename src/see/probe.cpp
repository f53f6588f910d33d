#include "see/probe.h"

#include "fovea/autograd.h"
#include "fovea/ops.h"

namespace fovea::see {

Probe::Probe(const nn::Module& net) : eval_(net) {
  for (Tensor& p : net.parameters())
    if (p.requires_grad()) learning_.push_back(p.set_requires_grad(false));
}

Probe::~Probe() {
  for (Tensor& p : learning_) p.set_requires_grad();
}

void check_images(const char* who, const Tensor& x) {
  check(x.defined() && x.rank() == 4, "[{}] wants images (N,C,H,W), not {}", who,
        x.defined() ? x.describe() : "nothing");
}

Tensor scores(const nn::Module& net, const Tensor& x, const Tensor& classes) {
  const Tensor logits = net(x);
  check(logits.rank() == 2, "an answer that is explained is (N, classes), not {}", logits.describe());
  check(classes.defined() && classes.dtype() == i64 && classes.shape() == Dims{x.size(0)},
        "{} examples want as many classes, i64, not {}", x.size(0),
        classes.defined() ? classes.describe() : "nothing");
  for (const int64_t c : classes.to_vector<int64_t>())
    check(c >= 0 && c < logits.size(1), "class {} is outside of the network's {}", c, logits.size(1));
  return squeeze(gather(logits, unsqueeze(classes, 1), 1), 1);
}

Tensor gradient(const nn::Module& net, const Tensor& x, const Tensor& classes) {
  Tensor leaf = x.detach();
  leaf.set_requires_grad();
  const Tensor g = grad(sum(scores(net, leaf, classes)), {leaf})[0];
  return g.defined() ? g : zeros(x.shape(), x.dtype());
}

}  // namespace fovea::see
