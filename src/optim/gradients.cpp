#include <cmath>

#include "fovea/autograd.h"
#include "fovea/ops.h"
#include "fovea/optim.h"
#include "tensor/recorder.h"

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
  std::vector<Tensor> squares;
  for (const Tensor& p : parameters)
    if (p.grad().defined()) squares.push_back(call("cast", {sum(square(p.grad()))}, {{"dtype", f64}}));
  struct Found {
    double norm = 0, factor = 1;
  };
  const auto found = std::make_shared<Found>();
  repeat([found, squares, max_norm] {
    double total = 0;
    for (const Tensor& s : squares) total += *s.data<double>();
    found->norm = std::sqrt(total);
    const double factor = max_norm / (found->norm + 1e-6);
    found->factor = std::isfinite(found->norm) && factor < 1 ? factor : 1;
  });
  if (found->factor == 1 && !recorder()) return found->norm;
  const Live<double> factor{std::shared_ptr<const double>(found, &found->factor)};
  for (const Tensor& p : parameters)
    if (p.grad().defined()) call("scale_in_place", {p.grad()}, {{"factor", factor}});
  return found->norm;
}

void clip_grad_value_(const std::vector<Tensor>& parameters, double limit) {
  check(limit > 0, "clip_grad_value_ wants a limit > 0, not {}", limit);
  const NoGrad guard;
  for (const Tensor& p : parameters)
    if (p.grad().defined()) copy_in_place(p.grad(), clamp(p.grad(), -limit, limit));
}

}  // namespace fovea::optim
