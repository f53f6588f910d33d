// The SGD update of single elements in PyTorch's form, for sgd_step and for kernels that make the gradient
// themselves.
//   const SgdRule<float> rule{SgdSettings(call)};
//   for (int64_t i = 0; i < n; ++i) rule(param[i], velocity[i], grad[i]);
#pragma once
#include "fovea/op.h"
#include "fovea/scalar.h"

namespace fovea {

/// Where a call keeps its settings; schedules change some of them between runs.
struct SgdSettings {
  explicit SgdSettings(const Call& c, const char* counter = "step")
      : lr(c.f("lr")),
        momentum(c.f("momentum")),
        dampening(c.f("dampening")),
        decay(c.f("weight_decay")),
        step(c.i(counter)),
        nesterov(c.b("nesterov")) {}
  const double &lr, &momentum, &dampening, &decay;
  const int64_t& step;
  bool nesterov;
};

template <class real>
struct SgdRule {
  explicit SgdRule(const SgdSettings& s)
      : lr(real(s.lr)),
        momentum(real(s.momentum)),
        fresh(real(1 - s.dampening)),
        decay(real(s.decay)),
        nesterov(s.nesterov),
        first(s.step == 1) {}
  /// Of one element, or of a vector of them.
  template <class Value>
  FV_INLINE void operator()(Value& p, const Value& grad) const {
    p -= lr * (grad + decay * p);
  }
  template <class Value>
  FV_INLINE void operator()(Value& p, Value& velocity, const Value& grad) const {
    const Value g = grad + decay * p;
    const Value v = first ? g : momentum * velocity + fresh * g;
    velocity = v;
    p -= lr * (nesterov ? g + momentum * v : v);
  }
  real lr, momentum, fresh, decay;
  bool nesterov, first;
};

}  // namespace fovea
