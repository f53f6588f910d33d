#include <algorithm>

#include "fovea/autograd.h"
#include "fovea/operators.h"
#include "fovea/ops.h"
#include "see/layers.h"
#include "see/probe.h"

namespace fovea::see {

std::string cam_layer(const nn::Module& net, const Tensor& x) {
  check_images("grad_cam", x);
  const std::vector<nn::Visit> calls = visits_of(net, x);
  const auto is_conv = [](const nn::Visit& v) { return is_map(v.output) && v.layer.starts_with("Conv"); };
  const auto conv = std::find_if(calls.rbegin(), calls.rend(), is_conv);
  check(conv != calls.rend(), "[grad_cam] {} has no convolution that gives maps: it sees no places",
        net.describe());
  return std::find_if(calls.rbegin(), calls.rend(),
                      [&](const nn::Visit& v) {
                        return is_map(v.output) && !v.path.empty() && v.output[2] == conv->output[2] &&
                               v.output[3] == conv->output[3];
                      })
      ->path;
}

Tensor grad_cam(const nn::Module& net, const Tensor& x, const Tensor& classes, const std::string& layer) {
  check_images("grad_cam", x);
  const std::string path = layer.empty() ? cam_layer(net, x) : layer;
  const Probe probe(net);
  const nn::Watch seen(net, path);
  Tensor leaf = x.detach();
  leaf.set_requires_grad();
  const Tensor score = sum(scores(net, leaf, classes));
  const Tensor maps = seen.output();
  check(is_map(maps.shape()), "[grad_cam] {}", no_maps(net, path, maps.shape(), x));
  const Tensor slope = grad(score, {maps})[0];
  if (!slope.defined()) return zeros({maps.size(0), maps.size(2), maps.size(3)}, maps.dtype());
  return relu(sum(mean(slope, {2, 3}, true) * maps.detach(), {1}));
}

}  // namespace fovea::see
