#include "fovea/nn/loss.h"

#include "fovea/operators.h"
#include "fovea/ops.h"

namespace fovea::nn {
namespace {

/// A loss whose only setting is the reduction.
Loss simple(const std::string& name, const std::string& reduction,
            Tensor (*op)(const Tensor&, const Tensor&, const std::string&)) {
  return {reduction == "mean" ? name : fmt::format("{}({})", name, reduction),
          [=](const Tensor& x, const Tensor& target) { return op(x, target, reduction); }};
}

/// Against parts of classes (N,C) that sum to 1.
Tensor soft_cross_entropy(const Tensor& x, const Tensor& target, const CrossEntropyOptions& o) {
  check(x.rank() == 2 && x.shape() == target.shape() && !o.weight,
        "[CrossEntropyLoss] parts of classes want logits (N,C), targets of that shape and no weights, not {} "
        "and {}",
        x.describe(), target.describe());
  const double classes = double(x.size(1)), s = o.label_smoothing;
  const Tensor parts = s > 0 ? target * (1 - s) + s / classes : target;
  const Tensor each = -sum(parts * log_softmax(x, 1), {1});
  return o.reduction == "mean" ? mean(each) : o.reduction == "sum" ? sum(each) : each;
}

}  // namespace

CrossEntropyLoss::CrossEntropyLoss(CrossEntropyOptions o)
    : Loss(o.label_smoothing == 0 ? "CrossEntropyLoss"
                                  : fmt::format("CrossEntropyLoss(label_smoothing={})", o.label_smoothing),
           [o](const Tensor& x, const Tensor& target) {
             if (target.dtype() != i64) return soft_cross_entropy(x, target, o);
             return cross_entropy(x, target, o.weight, o.ignore_index, o.label_smoothing, o.reduction);
           }) {}

NLLLoss::NLLLoss(std::string reduction)
    : Loss("NLLLoss",
           [=](const Tensor& x, const Tensor& target) { return nll_loss(x, target, {}, -100, reduction); }) {}

MSELoss::MSELoss(std::string reduction) : Loss(simple("MSELoss", reduction, mse_loss)) {}
L1Loss::L1Loss(std::string reduction) : Loss(simple("L1Loss", reduction, l1_loss)) {}
HingeLoss::HingeLoss(std::string reduction) : Loss(simple("HingeLoss", reduction, hinge_loss)) {}

HuberLoss::HuberLoss(double delta, std::string reduction)
    : Loss(fmt::format("HuberLoss({})", delta),
           [=](const Tensor& x, const Tensor& target) { return huber_loss(x, target, delta, reduction); }) {}

SmoothL1Loss::SmoothL1Loss(double beta, std::string reduction)
    : Loss(fmt::format("SmoothL1Loss({})", beta), [=](const Tensor& x, const Tensor& target) {
        return smooth_l1_loss(x, target, beta, reduction);
      }) {}

BCEWithLogitsLoss::BCEWithLogitsLoss(std::string reduction)
    : Loss("BCEWithLogitsLoss", [=](const Tensor& x, const Tensor& target) {
        return bce_with_logits_loss(x, target, {}, {}, reduction);
      }) {}

KLDivLoss::KLDivLoss(std::string reduction)
    : Loss("KLDivLoss",
           [=](const Tensor& x, const Tensor& target) { return kl_div_loss(x, target, false, reduction); }) {}

}  // namespace fovea::nn
