#include "fovea/nn/loss.h"

#include "fovea/ops.h"

namespace fovea::nn {
namespace {

/// A loss whose only setting is the reduction.
Loss simple(const std::string& name, const std::string& reduction,
            Tensor (*op)(const Tensor&, const Tensor&, const std::string&)) {
  return {reduction == "mean" ? name : fmt::format("{}({})", name, reduction),
          [=](const Tensor& x, const Tensor& target) { return op(x, target, reduction); }};
}

}  // namespace

CrossEntropyLoss::CrossEntropyLoss(CrossEntropyOptions o)
    : Loss(o.label_smoothing == 0 ? "CrossEntropyLoss"
                                  : fmt::format("CrossEntropyLoss(label_smoothing={})", o.label_smoothing),
           [o](const Tensor& x, const Tensor& target) {
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
