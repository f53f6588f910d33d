#include "fovea/views.h"

#include <cmath>

#include "fovea/operators.h"
#include "fovea/ops.h"

namespace fovea::train {
namespace {

bool is_crop(Views views) { return views == Views::five_crop || views == Views::ten_crop; }

/// The four corners of (height, width) and the centre, which is that of CenterCrop.
std::vector<Tensor> five_crop(const Tensor& x, int64_t height, int64_t width) {
  const int64_t down = x.size(2) - height, right = x.size(3) - width;
  check(down >= 0 && right >= 0, "[views] crops of {} x {} do not fit into {}", height, width, x.describe());
  const auto middle = [](int64_t room) { return int64_t(std::nearbyint(double(room) / 2)); };
  const std::pair<int64_t, int64_t> corners[]{
      {0, 0}, {0, right}, {down, 0}, {down, right}, {middle(down), middle(right)}};
  std::vector<Tensor> all;
  for (const auto& [top, left] : corners)
    all.push_back(slice(slice(x, 2, top, top + height), 3, left, left + width));
  return all;
}

class MeanOfViews : public nn::Module {
 public:
  MeanOfViews(const nn::AnyModule& net, Views views, const Dims& input)
      : net_(register_module("net", net)), views_(views), input_(input) {}
  Tensor forward(const Tensor& x) const override {
    std::vector<Tensor> all{x};
    const auto mirror = [&](int dim) {
      for (size_t i = 0, n = all.size(); i < n; ++i) all.push_back(flip(all[i], {dim}));
    };
    if (views_ != Views::five_crop) mirror(3);
    if (views_ == Views::flips) mirror(2);
    if (is_crop(views_)) all = crops_of(all);
    for (Tensor& view : all) view = log_softmax(net_(view), 1);
    return logsumexp(stack(all, 0), {0}) - std::log(double(all.size()));
  }
  std::string describe() const override { return "MeanOfViews"; }

 private:
  std::vector<Tensor> crops_of(const std::vector<Tensor>& pictures) const {
    std::vector<Tensor> all;
    for (const Tensor& x : pictures)
      for (const Tensor& crop : five_crop(x, input_[1], input_[2])) all.push_back(crop);
    return all;
  }

  nn::AnyModule net_;
  Views views_;
  Dims input_;
};

}  // namespace

Views views_named(const std::string& name) {
  const char* const names[]{"false", "true", "flips", "five_crop", "ten_crop"};
  for (size_t i = 0; i < std::size(names); ++i)
    if (name == names[i]) return Views(i);
  fail("augment={} is none of false, true (the mirror image too), flips, five_crop, ten_crop", name);
}

nn::AnyModule with_views(const nn::AnyModule& net, Views views, const Dims& input) {
  if (views == Views::one) return net;
  check(input.size() == 3, "[views] there are views of images (C,H,W), not of {}", input);
  return MeanOfViews(net, views, input);
}

data::Compose transforms_for(Views views, const data::Compose& transforms, const Dims& input) {
  if (!is_crop(views)) return transforms;
  const auto& steps = transforms.steps();
  if (!steps.empty() && dynamic_cast<const data::CenterCrop*>(steps.back().get())) {
    data::Compose before;
    for (size_t i = 0; i + 1 < steps.size(); ++i) before.push_back(steps[i]);
    return before;
  }
  const auto larger = [](int64_t side) { return (side * 8 + 6) / 7; };
  return data::Compose(data::Cover({larger(input[1]), larger(input[2])}));
}

}  // namespace fovea::train
