// Connectionist temporal classification (Graves et al. 2006), in log space and f64.
#include <cmath>
#include <vector>

#include "base/log_sum.h"
#include "base/parallel.h"
#include "fovea/ops.h"
#include "ops/loss.h"

namespace fovea {
namespace {

/// One example of a batch: its labels with a blank before, between and after them are the states of a path through time.
template <class real>
class Path {
 public:
  Path(const Call& c, int64_t n)
      : op_(c.op().name()), blank_(c.i("blank")), batch_(c.in(0).size(1)), classes_(c.in(0).size(2)),
        log_probs_(c.in(0).ptr<real>() + n * classes_), labels_(c.in(1).ptr<int64_t>() + n * c.in(1).size(1)),
        steps_(c.in(2).ptr<int64_t>()[n]), length_(c.in(3).ptr<int64_t>()[n]) {
    const int64_t most_steps = c.in(0).size(0), most_labels = c.in(1).size(1);
    check(steps_ >= 1 && steps_ <= most_steps, "[{}] input_lengths[{}] is {}: log_probs {} have 1 to {} steps", op_, n, steps_,
          c.in(0).shape, most_steps);
    check(length_ >= 0 && length_ <= most_labels, "[{}] target_lengths[{}] is {}: targets {} have 0 to {} labels", op_, n, length_,
          c.in(1).shape, most_labels);
    int64_t needed = length_;
    for (int64_t i = 0; i < length_; ++i) {
      check(labels_[i] >= 0 && labels_[i] < classes_ && labels_[i] != blank_,
            "[{}] label {} of target {} is {}: labels are 0 to {}, without {}, the blank", op_, i, n, labels_[i], classes_ - 1, blank_);
      needed += i > 0 && labels_[i] == labels_[i - 1];
    }
    check(needed <= steps_ || c.b("zero_infinity"),
          "[{}] target {} has {} labels, {} of them equal to the one before, which takes {} steps; its input has {} "
          "(zero_infinity=true counts nothing for such)",
          op_, n, length_, needed - length_, needed, steps_);
  }

  int64_t steps() const { return steps_; }
  int64_t states() const { return 2 * length_ + 1; }
  int64_t label(int64_t state) const { return state % 2 ? labels_[state / 2] : blank_; }
  double log_p(int64_t t, int64_t state) const { return double(log_probs_[t * batch_ * classes_ + label(state)]); }
  /// Whether a path may come to `state` from two states before: a blank between two different labels is optional.
  bool skips_to(int64_t state) const { return state >= 2 && state % 2 && label(state) != label(state - 2); }

  /// alpha[t * states + s]: log of the summed probability of all beginnings of paths that stand in state s at step t.
  std::vector<double> alpha() const {
    const int64_t S = states();
    std::vector<double> a(size_t(steps_ * S), -INFINITY);
    for (int64_t s = 0; s < std::min<int64_t>(S, 2); ++s) a[size_t(s)] = log_p(0, s);
    for (int64_t t = 1; t < steps_; ++t)
      for (int64_t s = 0; s < S; ++s) {
        const double* before = &a[size_t((t - 1) * S)];
        double sum = before[s];
        if (s >= 1) sum = log_sum(sum, before[s - 1]);
        if (skips_to(s)) sum = log_sum(sum, before[s - 2]);
        a[size_t(t * S + s)] = sum + log_p(t, s);
      }
    return a;
  }
  /// The same of all ends of paths after step t.
  std::vector<double> beta() const {
    const int64_t S = states();
    std::vector<double> b(size_t(steps_ * S), -INFINITY);
    for (int64_t s = std::max<int64_t>(S - 2, 0); s < S; ++s) b[size_t((steps_ - 1) * S + s)] = 0;
    for (int64_t t = steps_ - 1; t-- > 0;)
      for (int64_t s = 0; s < S; ++s) {
        const double* after = &b[size_t((t + 1) * S)];
        double sum = after[s] + log_p(t + 1, s);
        if (s + 1 < S) sum = log_sum(sum, after[s + 1] + log_p(t + 1, s + 1));
        if (s + 2 < S && skips_to(s + 2)) sum = log_sum(sum, after[s + 2] + log_p(t + 1, s + 2));
        b[size_t(t * S + s)] = sum;
      }
    return b;
  }
  double loss(const std::vector<double>& alpha) const {
    const double* last = &alpha[size_t((steps_ - 1) * states())];
    return -(states() > 1 ? log_sum(last[states() - 1], last[states() - 2]) : last[0]);
  }

 private:
  const std::string& op_;
  int64_t blank_, batch_, classes_;
  const real* log_probs_;
  const int64_t* labels_;
  int64_t steps_, length_;
};

template <class real>
void forward(const Call& c) {
  parallel_for(c.in(0).size(1), 1, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      const Path<real> path(c, n);
      const double loss = path.loss(path.alpha());
      c.out().ptr<real>()[n] = real(std::isinf(loss) && c.b("zero_infinity") ? 0 : loss);
    }
  });
}

/// -g times the probability, given the labels, that a class is spoken at a step.
template <class real>
void gradient(const Call& c) {
  const int64_t steps = c.in(0).size(0), batch = c.in(0).size(1), classes = c.in(0).size(2);
  parallel_for(batch, 1, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      const Path<real> path(c, n);
      const std::vector<double> alpha = path.alpha(), beta = path.beta();
      const double loss = path.loss(alpha), g = double(c.in(4).ptr<real>()[n]);
      const bool nothing = std::isinf(loss) && c.b("zero_infinity");
      for (int64_t t = 0; t < steps; ++t) {
        real* to = c.out().ptr<real>() + (t * batch + n) * classes;
        std::fill(to, to + classes, real(0));
        for (int64_t s = 0; t < path.steps() && !nothing && s < path.states(); ++s) {
          const size_t at = size_t(t * path.states() + s);
          to[path.label(s)] -= real(g * std::exp(alpha[at] + beta[at] + loss));
        }
      }
    }
  });
}

void check_shapes(const Call& c) {
  const Dims &x = c.in(0).shape, &targets = c.in(1).shape;
  check(x.size() == 3, "[{}] log_probs wants shape (T,N,C), not {}", c.op().name(), x);
  check(targets.size() == 2 && targets[0] == x[1], "[{}] targets of log_probs {} want shape ({},S), not {}", c.op().name(), x, x[1],
        targets);
  for (const int i : {2, 3})
    check(c.in(i).shape == Dims{x[1]}, "[{}] {} of log_probs {} wants shape ({}), not {}", c.op().name(),
          c.op().parsed.tensors[size_t(i)].name, x, x[1], c.in(i).shape);
  check(c.i("blank") >= 0 && c.i("blank") < x[2], "[{}] blank={} is no class of log_probs {}", c.op().name(), c.i("blank"), x);
}

const std::vector<Gen> five_steps = {f({5, 2, 4}, -3, 0), ints({2, 2}, 1, 4), ints({2}, 4, 6), ints({2}, 0, 3)};
const std::vector<Gen> blank_last = {f({7, 1, 3}, -3, 0), ints({1, 3}, 0, 2), ints({1}, 6, 8), ints({1}, 3, 4)};
const std::vector<Gen> too_long = {f({2, 3, 4}, -3, 0), ints({3, 3}, 1, 4), ints({3}, 1, 3), ints({3}, 3, 4)};
const std::vector<Sample> bad = {{{f({5, 4}), ints({2, 2}, 1, 4), ints({2}, 5, 6), ints({2}, 1, 3)}},
                                 {{f({5, 2, 4}), ints({3, 2}, 1, 4), ints({2}, 5, 6), ints({2}, 1, 3)}},
                                 {{f({5, 2, 4}), ints({2, 2}, 1, 4), ints({2}, 6, 7), ints({2}, 1, 3)}},
                                 {{f({5, 2, 4}), ints({2, 2}, 1, 4), ints({2}, 5, 6), ints({2}, 3, 4)}},
                                 {{f({5, 2, 4}), ints({2, 2}, 1, 4), ints({3}, 5, 6), ints({2}, 1, 3)}}};

std::vector<Gen> with_gradient(std::vector<Gen> in) {
  in.push_back(f({in[0].shape[1]}));
  return in;
}

FOVEA_OP(ctc_nll){
    .signature = "ctc_nll(log_probs, targets@i64, input_lengths@i64, target_lengths@i64, blank=0, zero_infinity=false)",
    .doc = "The losses (N) of ctc_loss.",
    .require = {check_shapes},
    .shape = [](const Call& c) { return Specs{{{c.in(0).size(1)}, c.dtype()}}; },
    .reference = FOVEA_FLOATS(forward),
    .vjp = [](const Vjp& v) {
      return Grads{apply(find_op("ctc_nll_backward"), {v.in(0), v.in(1), v.in(2), v.in(3), v.g()}, v.attrs())[0], {}, {}, {}};
    },
    .samples = {{five_steps}, {blank_last, {{"blank", 2}}}, {too_long, {{"zero_infinity", true}}}},
    .bad = bad, .internal = true,
};

FOVEA_OP(ctc_nll_backward){
    .signature = "ctc_nll_backward(log_probs, targets@i64, input_lengths@i64, target_lengths@i64, g, blank=0, zero_infinity=false)",
    .doc = "Gradient of ctc_nll.",
    .require = {check_shapes, [](const Call& c) {
      check(c.in(4).shape == Dims{c.in(0).size(1)}, "[ctc_nll_backward] g {} does not fit log_probs {}", c.in(4).shape, c.in(0).shape);
    }},
    .shape = same_as(0),
    .reference = FOVEA_FLOATS(gradient),
    .vjp = not_provided(),
    .samples = {{with_gradient(five_steps)}, {with_gradient(blank_last), {{"blank", 2}}},
                {with_gradient(too_long), {{"zero_infinity", true}}}},
    .bad = {{{f({5, 2, 4}), ints({2, 2}, 1, 4), ints({2}, 5, 6), ints({2}, 1, 3), f({3})}}},
    .internal = true,
};

FOVEA_OP(ctc_loss){
    .signature = "ctc_loss(log_probs, targets@i64, input_lengths@i64, target_lengths@i64, blank=0, reduction=\"mean\", "
                 "zero_infinity=false)",
    .doc = "-log of the probability that labels are read from a sequence (Graves et al. 2006), summed over all ways to place them in "
           "time, with the class `blank` between them; neighbours that are equal merge. log_probs (T,N,C) are log_softmax(x, 2); "
           "targets (N,S) hold target_lengths (N) labels each, inputs have input_lengths (N) steps. \"mean\" divides each loss by its "
           "number of labels (at least 1) before the mean over the batch, as PyTorch does; \"sum\"; \"none\" gives (N). Throws for "
           "labels that take more steps than the input has, unless zero_infinity, which counts 0 for them. The gradient is that of "
           "log_probs themselves; PyTorch's has the softmax of log_probs added, which makes no difference behind log_softmax.",
    .require = {check_shapes},
    .compose = [](const Args& a) -> std::vector<Tensor> {
      const Tensor losses = call("ctc_nll", a.ins, {{"blank", a.i("blank")}, {"zero_infinity", a.b("zero_infinity")}});
      const bool per_label = a.s("reduction") == "mean";
      return {reduced(per_label ? div(losses, clamp(cast(a.in(3), losses.dtype()), 1)) : losses, a)};
    },
    .samples = {{five_steps}, {blank_last, {{"blank", 2}, {"reduction", "sum"}}},
                {too_long, {{"zero_infinity", true}, {"reduction", "none"}}}},
    .bad = bad,
};

}  // namespace
}  // namespace fovea
