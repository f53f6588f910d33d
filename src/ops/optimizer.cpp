// One step of each optimizer for one parameter, in place and in one pass over its elements, in PyTorch's form. The state
// tensors have the shape of the parameter and start at zero.
#include "ops/sweep.h"

#include <cmath>

#include "op/sgd.h"

namespace fovea {
namespace {

using text::fv_sqrt;

template <class real>
struct Sgd {
  using Settings = SgdSettings;
  Sgd(const Call& c, const Settings& s) : rule(s), p(c.in(0).ptr<real>()), grad(c.in(1).ptr<real>()) {}
  FV_INLINE void operator()(int64_t i) const { rule(p[i], grad[i]); }
  SgdRule<real> rule;
  real* p;
  const real* grad;
};

template <class real>
struct SgdMomentum : Sgd<real> {
  SgdMomentum(const Call& c, const SgdSettings& s) : Sgd<real>(c, s), velocity(c.in(2).ptr<real>()) {}
  FV_INLINE void operator()(int64_t i) const { this->rule(this->p[i], velocity[i], this->grad[i]); }
  real* velocity;
};

struct AdamSettings {
  explicit AdamSettings(const Call& c)
      : lr(c.f("lr")), beta1(c.f("beta1")), beta2(c.f("beta2")), eps(c.f("eps")), decay(c.f("weight_decay")), step(c.i("step")),
        decoupled(c.b("decoupled")) {}
  const double &lr, &beta1, &beta2, &eps, &decay;
  const int64_t& step;
  bool decoupled;
};

template <class real>
struct Adam {
  using Settings = AdamSettings;
  Adam(const Call& c, const Settings& s)
      : p(c.in(0).ptr<real>()), grad(c.in(1).ptr<real>()), m(c.in(2).ptr<real>()), v(c.in(3).ptr<real>()),
        beta1(real(s.beta1)), beta2(real(s.beta2)), fresh1(real(1 - s.beta1)), fresh2(real(1 - s.beta2)), eps(real(s.eps)),
        decay(real(s.decoupled ? 0 : s.decay)), shrink(real(s.decoupled ? 1 - s.lr * s.decay : 1)) {
    const double step = double(s.step);
    rate = real(s.lr / (1 - std::pow(s.beta1, step)));
    unbias = real(1 / std::sqrt(1 - std::pow(s.beta2, step)));
  }
  FV_INLINE void operator()(int64_t i) const {
    const real x = p[i] * shrink, g = grad[i] + decay * x;
    m[i] = beta1 * m[i] + fresh1 * g;
    v[i] = beta2 * v[i] + fresh2 * g * g;
    p[i] = x - rate * m[i] / (fv_sqrt(v[i]) * unbias + eps);
  }
  real* p;
  const real* grad;
  real *m, *v, beta1, beta2, fresh1, fresh2, eps, decay, shrink, rate, unbias;
};

struct RmsPropSettings {
  explicit RmsPropSettings(const Call& c)
      : lr(c.f("lr")), alpha(c.f("alpha")), eps(c.f("eps")), decay(c.f("weight_decay")), momentum(c.f("momentum")) {}
  const double &lr, &alpha, &eps, &decay, &momentum;
};

template <class real>
struct RmsProp {
  using Settings = RmsPropSettings;
  RmsProp(const Call& c, const Settings& s)
      : p(c.in(0).ptr<real>()), grad(c.in(1).ptr<real>()), square(c.in(2).ptr<real>()), lr(real(s.lr)), alpha(real(s.alpha)),
        fresh(real(1 - s.alpha)), eps(real(s.eps)), decay(real(s.decay)) {}
  FV_INLINE real direction(int64_t i) const {
    const real g = grad[i] + decay * p[i];
    square[i] = alpha * square[i] + fresh * g * g;
    return g / (fv_sqrt(square[i]) + eps);
  }
  FV_INLINE void operator()(int64_t i) const { p[i] -= lr * direction(i); }
  real* p;
  const real* grad;
  real *square, lr, alpha, fresh, eps, decay;
};

template <class real>
struct RmsPropMomentum : RmsProp<real> {
  RmsPropMomentum(const Call& c, const RmsPropSettings& s)
      : RmsProp<real>(c, s), velocity(c.in(3).ptr<real>()), momentum(real(s.momentum)) {}
  FV_INLINE void operator()(int64_t i) const {
    velocity[i] = momentum * velocity[i] + this->direction(i);
    this->p[i] -= this->lr * velocity[i];
  }
  real *velocity, momentum;
};

struct AdagradSettings {
  explicit AdagradSettings(const Call& c)
      : lr(c.f("lr")), lr_decay(c.f("lr_decay")), eps(c.f("eps")), decay(c.f("weight_decay")), step(c.i("step")) {}
  const double &lr, &lr_decay, &eps, &decay;
  const int64_t& step;
};

template <class real>
struct Adagrad {
  using Settings = AdagradSettings;
  Adagrad(const Call& c, const Settings& s)
      : p(c.in(0).ptr<real>()), grad(c.in(1).ptr<real>()), sum(c.in(2).ptr<real>()),
        rate(real(s.lr / (1 + double(s.step - 1) * s.lr_decay))), eps(real(s.eps)), decay(real(s.decay)) {}
  FV_INLINE void operator()(int64_t i) const {
    const real g = grad[i] + decay * p[i];
    sum[i] += g * g;
    p[i] -= rate * g / (fv_sqrt(sum[i]) + eps);
  }
  real* p;
  const real* grad;
  real *sum, rate, eps, decay;
};

struct AdadeltaSettings {
  explicit AdadeltaSettings(const Call& c) : lr(c.f("lr")), rho(c.f("rho")), eps(c.f("eps")), decay(c.f("weight_decay")) {}
  const double &lr, &rho, &eps, &decay;
};

template <class real>
struct Adadelta {
  using Settings = AdadeltaSettings;
  Adadelta(const Call& c, const Settings& s)
      : p(c.in(0).ptr<real>()), grad(c.in(1).ptr<real>()), square(c.in(2).ptr<real>()), change(c.in(3).ptr<real>()),
        lr(real(s.lr)), rho(real(s.rho)), fresh(real(1 - s.rho)), eps(real(s.eps)), decay(real(s.decay)) {}
  FV_INLINE void operator()(int64_t i) const {
    const real g = grad[i] + decay * p[i];
    square[i] = rho * square[i] + fresh * g * g;
    const real delta = fv_sqrt(change[i] + eps) / fv_sqrt(square[i] + eps) * g;
    change[i] = rho * change[i] + fresh * delta * delta;
    p[i] -= lr * delta;
  }
  real* p;
  const real* grad;
  real *square, *change, lr, rho, fresh, eps, decay;
};

/// `Plain` without momentum, `Heavy` with it.
template <template <class> class Plain, template <class> class Heavy, bool avx2>
class Either final : public Bound {
 public:
  explicit Either(const Call& c) : momentum_(c.f("momentum")), plain_(c), heavy_(c) {}
  void run(const Call& c) const override { momentum_ == 0 ? plain_.run(c) : heavy_.run(c); }

 private:
  const double& momentum_;
  Sweep<Plain, avx2> plain_;
  Sweep<Heavy, avx2> heavy_;
};
template <bool avx2>
using SgdEither = Either<Sgd, SgdMomentum, avx2>;
template <bool avx2>
using RmsPropEither = Either<RmsProp, RmsPropMomentum, avx2>;

void momentum_has_velocity(const Call& c) {
  const int i = c.op().parsed.tensor_index("velocity");
  check(c.f("momentum") == 0 || c.in(i), "[{}] momentum={} wants a velocity of the shape {} of param", c.op().name(),
        c.f("momentum"), c.in(0).shape);
}

void nesterov_has_momentum(const Call& c) {
  check(!c.b("nesterov") || (c.f("momentum") > 0 && c.f("dampening") == 0),
        "[{}] nesterov wants momentum > 0 and dampening = 0, not {} and {} (inputs {})", c.op().name(), c.f("momentum"),
        c.f("dampening"), describe(c.ins));
}

const Gen state = f({2, 8, 3, 5}, 0, 1);
const Gen both = f({2, 8, 3, 5});

FOVEA_OP(sgd_step){
    .signature = "sgd_step(param!, grad, velocity!?, lr: float, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=false, "
                 "step=0)",
    .doc = "Stochastic gradient descent in PyTorch's form: g = grad + weight_decay param; v = momentum v + (1 - dampening) g, "
           "or v = g on `step` 1; param -= lr v, with nesterov param -= lr (g + momentum v). Without momentum no "
           "velocity is needed.",
    .require = {equal_shapes, momentum_has_velocity, nesterov_has_momentum},
    .reference = run_bound<SgdEither<false>>, .no_gradient = writes_in_place,
    .samples = {{{both, both, none()}, {{"lr", 0.1}}},
                {{both, both, both}, {{"lr", 0.1}, {"momentum", 0.9}, {"dampening", 0.3}, {"weight_decay", 0.01}}},
                {{both, both, both}, {{"lr", 0.1}, {"momentum", 0.9}, {"nesterov", true}}},
                {{both, both, both}, {{"lr", 0.1}, {"momentum", 0.9}, {"step", 1}}},
                {{f({40001}), f({40001}), f({40001})}, {{"lr", 0.1}, {"momentum", 0.9}}}},
    .bad = {{{both, f({3}), none()}, {{"lr", 0.1}}},
            {{both, both, none()}, {{"lr", 0.1}, {"momentum", 0.9}}},
            {{both, both, both}, {{"lr", 0.1}, {"nesterov", true}}}},
};

/// sgd_step of parameter `param` of `c` by a gradient, with the step counted by the attribute named.
template <class real>
void sgd_by(const Call& c, int param, int velocity, std::vector<real>& grad, const char* counter) {
  const Op& op = find_op("sgd_step");
  Attrs attrs;
  for (const auto& arg : op.parsed.attrs) {
    const char* name = arg.name == "step" ? counter : arg.name.c_str();
    attrs.push_back(c.attrs()[size_t(c.op().parsed.attr_index(name))]);
  }
  Call step(op, attrs, {c.in(param), c.in(param), c.in(velocity)});
  step.dtype_ = c.dtype(), step.ins[1].data = grad.data();
  run_bound<SgdEither<false>>(step);
}

/// sgd_step of a weight (O, K) by g^T x and of a bias (O) by the sums of g, for g (N, O) and x (N, K).
template <class real>
void sgd_of_linear(const Call& c) {
  const int64_t n = c.in(1).size(0), o = c.in(0).size(0), k = c.in(0).size(1);
  std::vector<real> grad(size_t(o * k)), sums(size_t(o), 0);
  const real *g = c.in(1).ptr<real>(), *x = c.in(2).ptr<real>();
  for (int64_t r = 0; r < o; ++r) {
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += g[i * o + r];
    sums[size_t(r)] = real(sum);
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j < k; ++j) grad[size_t(r * k + j)] += g[i * o + r] * x[i * k + j];
  }
  sgd_by(c, 0, 3, grad, "step");
  if (c.in(4)) sgd_by(c, 4, 5, sums, "bias_step");
}

const Gen weight = f({6, 20}), large = f({70, 900});

FOVEA_OP(sgd_step_linear){
    .signature = "sgd_step_linear(param!, g, x, velocity!?, bias!?, bias_velocity!?, lr: float, momentum=0.0, dampening=0.0, "
                 "weight_decay=0.0, nesterov=false, step=0, bias_step=0)",
    .doc = "sgd_step of the weight (O, K) of a fully connected layer by its gradient g^T x, for g (N, O) and x (N, K), and of "
           "its bias (O) by the sums of g: what a plan makes of all four, so that the gradients never leave the cache.",
    .require = {rank("param", 2), rank("g", 2), rank("x", 2), [](const Call& c) {
      const Dims &w = c.in(0).shape, &g = c.in(1).shape, &x = c.in(2).shape;
      check(g[0] == x[0] && w == Dims{g[1], x[1]}, "[sgd_step_linear] g {} and x {} give no gradient of param {}", g, x, w);
      check(!c.in(3) || c.in(3).shape == w, "[sgd_step_linear] velocity has shape {} but param has {}", c.in(3).shape, w);
      for (int i = 4; i < 6; ++i)
        check(!c.in(i) || c.in(i).shape == Dims{w[0]}, "[sgd_step_linear] {} {} does not fit param {}",
              c.op().parsed.tensors[size_t(i)].name, c.in(i).shape, w);
      check(!c.in(4) || c.f("momentum") == 0 || c.in(5), "[sgd_step_linear] momentum={} wants a velocity of bias {}",
            c.f("momentum"), c.in(4).shape);
    }, momentum_has_velocity},
    .reference = FOVEA_FLOATS(sgd_of_linear), .no_gradient = writes_in_place,
    .samples = {{{weight, f({3, 6}), f({3, 20}), none(), f({6}), none()}, {{"lr", 0.1}}},
                {{large, f({9, 70}), f({9, 900}), large, none(), none()}, {{"lr", 0.1}, {"momentum", 0.9}, {"weight_decay", 0.01}}},
                {{large, f({9, 70}), f({9, 900}), large, f({70}), f({70})}, {{"lr", 0.1}, {"momentum", 0.9}, {"nesterov", true}}},
                {{large, f({1, 70}), f({1, 900}), large, f({70}), f({70})}, {{"lr", 0.1}, {"momentum", 0.9}, {"step", 1}}},
                {{large, f({2, 70}), f({2, 900}), large, none(), none()}, {{"lr", 0.1}}},
                {{large, f({4, 70}), f({4, 900}), large, f({70}), f({70})},
                 {{"lr", 0.1}, {"momentum", 0.9}, {"dampening", 0.2}, {"bias_step", 1}}},
                {{large, f({90, 70}), f({90, 900}), large, f({70}), f({70})}, {{"lr", 0.1}, {"momentum", 0.9}, {"weight_decay", 0.01}}},
                {{f({30, 512}), f({5, 30}), f({5, 512}), none(), f({30}), none()}, {{"lr", 0.1}, {"weight_decay", 0.01}}},
                {{f({26, 72}), f({300, 26}), f({300, 72}), none(), f({26}), none()}, {{"lr", 0.1}}}},
    .bad = {{{weight, f({3, 5}), f({3, 20}), none(), none(), none()}, {{"lr", 0.1}}},
            {{weight, f({3, 6}), f({3, 20}), none(), f({5}), none()}, {{"lr", 0.1}}},
            {{weight, f({3, 6}), f({3, 20}), weight, f({6}), none()}, {{"lr", 0.1}, {"momentum", 0.9}}},
            {{weight, f({3, 6}), f({3, 20}), none(), none(), none()}, {{"lr", 0.1}, {"momentum", 0.9}}}},
    .internal = true,
};

FOVEA_OP(adam_step){
    .signature = "adam_step(param!, grad, m!, v!, lr: float, step: int, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0, "
                 "decoupled=false)",
    .doc = "Adam (Kingma and Ba 2015); `step` counts from 1. m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2, param "
           "-= lr m^ / (sqrt(v^) + eps) with m^ = m / (1 - beta1^step), v^ = v / (1 - beta2^step). weight_decay is added to g, "
           "or if `decoupled` shrinks param by 1 - lr weight_decay first (AdamW, Loshchilov and Hutter 2019).",
    .require = {equal_shapes, at_least("step", 1)}, .reference = sweep_baseline<Adam>, .no_gradient = writes_in_place,
    .samples = {{{both, both, both, state}, {{"lr", 0.1}, {"step", 1}}},
                {{both, both, both, state}, {{"lr", 0.1}, {"step", 4}, {"weight_decay", 0.1}}},
                {{both, both, both, state}, {{"lr", 0.1}, {"step", 4}, {"weight_decay", 0.1}, {"decoupled", true}}}},
    .bad = {{{both, both, both, f({3})}, {{"lr", 0.1}, {"step", 1}}}, {{both, both, both, state}, {{"lr", 0.1}, {"step", 0}}}},
};

FOVEA_OP(rmsprop_step){
    .signature = "rmsprop_step(param!, grad, square_avg!, velocity!?, lr: float, alpha=0.99, eps=1e-8, weight_decay=0.0, "
                 "momentum=0.0)",
    .doc = "RMSprop (Hinton 2012): s = alpha s + (1 - alpha) g^2, d = g / (sqrt(s) + eps), param -= lr d; with momentum v = "
           "momentum v + d, param -= lr v.",
    .require = {equal_shapes, momentum_has_velocity}, .reference = run_bound<RmsPropEither<false>>, .no_gradient = writes_in_place,
    .samples = {{{both, both, state, none()}, {{"lr", 0.1}}},
                {{both, both, state, both}, {{"lr", 0.1}, {"momentum", 0.9}, {"weight_decay", 0.1}}}},
    .bad = {{{both, f({3}), state, none()}, {{"lr", 0.1}}}, {{both, both, state, none()}, {{"lr", 0.1}, {"momentum", 0.9}}}},
};

FOVEA_OP(adagrad_step){
    .signature = "adagrad_step(param!, grad, sum!, lr: float, step: int, lr_decay=0.0, eps=1e-10, weight_decay=0.0)",
    .doc = "Adagrad (Duchi et al. 2011); `step` counts from 1: sum += g^2, param -= lr / (1 + (step - 1) lr_decay) g / "
           "(sqrt(sum) + eps).",
    .require = {equal_shapes, at_least("step", 1)}, .reference = sweep_baseline<Adagrad>, .no_gradient = writes_in_place,
    .samples = {{{both, both, state}, {{"lr", 0.1}, {"step", 1}}},
                {{both, both, state}, {{"lr", 0.1}, {"step", 4}, {"lr_decay", 0.1}, {"weight_decay", 0.1}}}},
    .bad = {{{both, both, f({3})}, {{"lr", 0.1}, {"step", 1}}}},
};

FOVEA_OP(adadelta_step){
    .signature = "adadelta_step(param!, grad, square_avg!, acc_delta!, lr: float, rho=0.9, eps=1e-6, weight_decay=0.0)",
    .doc = "Adadelta (Zeiler 2012): s = rho s + (1 - rho) g^2, d = sqrt(a + eps) / sqrt(s + eps) g, a = rho a + (1 - rho) d^2, "
           "param -= lr d.",
    .require = {equal_shapes}, .reference = sweep_baseline<Adadelta>, .no_gradient = writes_in_place,
    .samples = {{{both, both, state, state}, {{"lr", 1.0}}}, {{both, both, state, state}, {{"lr", 0.5}, {"weight_decay", 0.1}}}},
    .bad = {{{both, both, state, f({3})}, {{"lr", 1.0}}}},
};

const RegisterKernel sgd_avx2("sgd_step", bound_avx2<SgdEither<true>>());
const RegisterKernel adam_avx2("adam_step", sweep_kernel<Adam>());
const RegisterKernel rmsprop_avx2("rmsprop_step", bound_avx2<RmsPropEither<true>>());
const RegisterKernel adagrad_avx2("adagrad_step", sweep_kernel<Adagrad>());
const RegisterKernel adadelta_avx2("adadelta_step", sweep_kernel<Adadelta>());

}  // namespace
}  // namespace fovea
