#include "see/layers.h"

#include <fmt/ranges.h>

#include "fovea/autograd.h"
#include "nn/eval_mode.h"

namespace fovea::see {

std::vector<nn::Visit> visits_of(const nn::Module& net, const Tensor& x) {
  const NoGrad guard;
  const nn::EvalMode eval(net);
  return nn::visits(net, x);
}

std::string listed(const std::vector<std::string>& paths) {
  constexpr size_t most = 10;
  if (paths.empty()) return "none";
  const std::vector<std::string> shown(paths.begin(),
                                       paths.begin() + std::ptrdiff_t(std::min(most, paths.size())));
  return fmt::format("{}{}", fmt::join(shown, ", "), paths.size() > most ? " ..." : "");
}

std::vector<std::string> map_layers(const nn::Module& net, const Tensor& x) {
  std::vector<std::string> paths;
  for (const nn::Visit& v : visits_of(net, x))
    if (is_map(v.output) && !v.path.empty()) paths.push_back(v.path);
  return paths;
}

std::string no_maps(const nn::Module& net, const std::string& path, const Dims& shape, const Tensor& x) {
  return fmt::format("{} gives {}, no maps (N,C,h,w) of more than one pixel; of this network do: {}", path,
                     shape, listed(map_layers(net, x)));
}

}  // namespace fovea::see
