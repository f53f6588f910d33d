#include "fovea/autograd.h"
#include "fovea/operators.h"
#include "fovea/ops.h"
#include "see/layers.h"
#include "see/probe.h"

namespace fovea::see {

std::string cam_layer(const nn::Module& net, const Tensor& x) {
  check_images("grad_cam", x);
  const std::vector<nn::Visit> calls = visits_of(net, x);
  size_t last = calls.size();
  for (size_t i = 0; i < calls.size(); ++i)
    if (is_map(calls[i].output) && calls[i].layer.starts_with("Conv")) last = i;
  check(last < calls.size(), "[grad_cam] {} has no convolution that gives maps: it sees no places",
        net.describe());
  std::string path = calls[last].path;
  for (size_t i = last + 1; i < calls.size(); ++i)
    if (!calls[i].path.empty() && path.starts_with(calls[i].path + ".") && is_map(calls[i].output) &&
        calls[i].output[2] == calls[last].output[2] && calls[i].output[3] == calls[last].output[3])
      path = calls[i].path;
  return path;
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
