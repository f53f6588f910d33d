#include "train/ema.h"

#include <set>

#include "base/parallel.h"

namespace fovea::train {
namespace {

constexpr int64_t grain = 16384;

template <class real>
void average(const Tensor& average, const Tensor& weight, double decay) {
  real* a = average.data<real>();
  const real* w = weight.data<real>();
  const real d = real(decay);
  parallel_for(average.numel(), grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) a[i] = d * a[i] + (1 - d) * w[i];
  });
}

}  // namespace

Ema::Ema(const nn::Module& model, double decay) : weights_(model.state_dict()), decay_(decay) {
  std::set<std::string> learned;
  for (const auto& [name, t] : model.named_parameters()) learned.insert(name);
  for (const auto& [name, t] : weights_) {
    averages_.emplace_back(name, t.contiguous().clone());
    averaged_.push_back(learned.count(name) && (t.dtype() == f32 || t.dtype() == f64));
  }
}

void Ema::update() const {
  for (size_t i = 0; i < weights_.size(); ++i) {
    const Tensor &a = averages_[i].second, w = weights_[i].second.contiguous();
    if (!averaged_[i]) a.copy_from(w);
    else if (w.dtype() == f64) average<double>(a, w, decay_);
    else average<float>(a, w, decay_);
  }
}

void Ema::swap() const {
  for (size_t i = 0; i < weights_.size(); ++i) {
    const Tensor kept = weights_[i].second.clone();
    weights_[i].second.copy_from(averages_[i].second);
    averages_[i].second.copy_from(kept);
  }
}

void Ema::load_state_dict(const NamedTensors& dict) {
  check(dict.size() == averages_.size(), "the averaged weights hold {} tensors instead of {}", dict.size(),
        averages_.size());
  for (size_t i = 0; i < dict.size(); ++i)
    check(dict[i].first == averages_[i].first && dict[i].second.shape() == averages_[i].second.shape(),
          "the averaged weights hold {} {} where {} {} belongs", dict[i].first, dict[i].second.describe(),
          averages_[i].first, averages_[i].second.describe());
  for (size_t i = 0; i < dict.size(); ++i) averages_[i].second.copy_from(dict[i].second);
}

}  // namespace fovea::train
