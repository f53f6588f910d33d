#include "train/non_finite.h"

#include <fmt/format.h>
#include <cmath>

#include "fovea/autograd.h"

namespace fovea::train {
namespace {

template <class real>
std::string kind_in(const Tensor& t) {
  const real* x = t.data<real>();
  for (int64_t i = 0; i < t.numel(); ++i)
    if (!std::isfinite(x[i])) return std::isnan(x[i]) ? "nan" : "inf";
  return "";
}

/// "nan" or "inf" if `t` holds one, else "".
std::string kind(const Tensor& t) {
  if (!t.defined() || (t.dtype() != f32 && t.dtype() != f64)) return "";
  const Tensor dense = t.detach().contiguous();
  return dense.dtype() == f64 ? kind_in<double>(dense) : kind_in<float>(dense);
}

/// Knows which layer is running.
struct Layers : nn::ModuleObserver {
  void enter(const nn::Module& m, const Tensor&) override { names.push_back(m.path()); }
  void leave(const nn::Module&, const Tensor&, const Tensor&) override { names.pop_back(); }
  std::vector<std::string> names;
};

std::string describe(const std::vector<Tensor>& tensors) {
  std::vector<std::string> texts;
  for (const Tensor& t : tensors)
    if (t.defined()) texts.push_back(t.describe());
  return fmt::format("{}", fmt::join(texts, ", "));
}

}  // namespace

bool all_finite(const Tensor& t) { return kind(t).empty(); }

std::string first_non_finite(const nn::Module& model, const Tensor& images,
                             const std::function<void()>& forward) {
  if (const std::string k = kind(images); !k.empty()) return fmt::format("the batch itself holds {}", k);
  for (const auto& [name, t] : model.state_dict())
    if (const std::string k = kind(t); !k.empty())
      return fmt::format("{} holds {} since the update before: the training diverged", name, k);
  std::string found;
  const NoGrad guard;
  Layers layers;
  const Observe observe([&](const Op& op, const Attrs&, const std::vector<Tensor>& in,
                            const std::vector<Tensor>& out) {
    for (size_t i = 0; i < out.size() && found.empty(); ++i) {
      const std::string k = kind(out[i]);
      if (k.empty()) continue;
      const std::string layer =
          layers.names.empty() || layers.names.back().empty() ? "" : " of layer " + layers.names.back();
      found = fmt::format("the first op to produce {} is {}{}, from {}", k, op.name(), layer, describe(in));
    }
  });
  forward();
  return found.empty() ? "running the batch again gives finite values" : found;
}

}  // namespace fovea::train
