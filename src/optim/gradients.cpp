#include <cmath>

#include "fovea/autograd.h"
#include "fovea/ops.h"
#include "fovea/optim.h"

namespace fovea::optim {

std::vector<ParameterGroup> parameter_groups(const nn::Module& module, double weight_decay) {
  ParameterGroup decayed{.weight_decay = weight_decay}, exempt{.weight_decay = 0};
  for (const auto& [name, p] : module.named_parameters())
    (p.rank() > 1 ? decayed : exempt).parameters.emplace_back(name, p);
  return {std::move(decayed), std::move(exempt)};
}

double clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm) {
  check(max_norm > 0, "clip_grad_norm_ wants max_norm > 0, not {}", max_norm);
  const NoGrad guard;
  double squares = 0;
  for (const Tensor& p : parameters)
    if (p.grad().defined()) squares += sum(square(p.grad())).item();
  const double norm = std::sqrt(squares);
  const double factor = max_norm / (norm + 1e-6);
  if (!std::isfinite(norm) || factor >= 1) return norm;
  for (const Tensor& p : parameters)
    if (p.grad().defined()) p.set_grad(affine(p.grad(), factor));
  return norm;
}

void clip_grad_value_(const std::vector<Tensor>& parameters, double limit) {
  check(limit > 0, "clip_grad_value_ wants a limit > 0, not {}", limit);
  const NoGrad guard;
  for (const Tensor& p : parameters)
    if (p.grad().defined()) p.set_grad(clamp(p.grad(), -limit, limit));
}

}  // namespace fovea::optim
