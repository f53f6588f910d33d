// Sequences of unequal lengths, side by side in one tensor (T,N,...): which steps count, and where each sequence ends.
#include "fovea/op.h"

namespace fovea {
namespace {

constexpr const char* no_slope = "the result depends on integers alone";

void check_shape(const Call& c) {
  check(c.in(0).shape.size() == 1, "[{}] lengths wants shape (N), one for each sequence, not {}", c.op().name(), c.in(0).shape);
}

/// Calls f(n, length) for each sequence; throws if one is empty or longer than the tensor.
template <class F>
void for_lengths(const Call& c, F&& f) {
  const int64_t *lengths = c.in(0).ptr<int64_t>(), steps = c.i("steps");
  for (int64_t n = 0; n < c.in(0).numel(); ++n) {
    check(lengths[n] >= 1 && lengths[n] <= steps, "[{}] lengths[{}] is {}: sequences of {} have 1 to {} steps", c.op().name(), n,
          lengths[n], c.in(0).shape, steps);
    f(n, lengths[n]);
  }
}

FOVEA_OP(sequence_mask){
    .signature = "sequence_mask(lengths@i64, steps: int)",
    .doc = "(N) becomes booleans (steps,N): whether step t belongs to sequence n, t < lengths[n]. Throws for lengths outside of "
           "1..steps.",
    .dtypes = DTypes::any,
    .require = {check_shape, at_least("steps", 1)},
    .shape = [](const Call& c) { return Specs{{{c.i("steps"), c.in(0).size(0)}, boolean}}; },
    .reference = [](const Call& c) {
      const int64_t count = c.in(0).size(0);
      bool* inside = c.out().ptr<bool>();
      for_lengths(c, [&](int64_t n, int64_t length) {
        for (int64_t t = 0; t < c.i("steps"); ++t) inside[t * count + n] = t < length;
      });
    },
    .no_gradient = no_slope,
    .samples = {{{ints({3}, 1, 5)}, {{"steps", 4}}}, {{ints({1}, 1, 2)}, {{"steps", 1}}}},
    .bad = {{{ints({3}, 0, 1)}, {{"steps", 4}}}, {{ints({3}, 5, 9)}, {{"steps", 4}}}, {{ints({2, 2}, 1, 2)}, {{"steps", 4}}}},
};

FOVEA_OP(sequence_reverse_index){
    .signature = "sequence_reverse_index(lengths@i64, steps: int)",
    .doc = "For x (steps,N,F) as rows (steps*N,F): the rows (steps*N) that turn each sequence around within its length; steps beyond "
           "it stay where they are. Its own inverse.",
    .dtypes = DTypes::any,
    .require = {check_shape, at_least("steps", 1)},
    .shape = [](const Call& c) { return Specs{{{c.i("steps") * c.in(0).size(0)}, i64}}; },
    .reference = [](const Call& c) {
      const int64_t count = c.in(0).size(0);
      int64_t* rows = c.out().ptr<int64_t>();
      for_lengths(c, [&](int64_t n, int64_t length) {
        for (int64_t t = 0; t < c.i("steps"); ++t) rows[t * count + n] = (t < length ? length - 1 - t : t) * count + n;
      });
    },
    .no_gradient = no_slope,
    .samples = {{{ints({3}, 1, 5)}, {{"steps", 4}}}, {{ints({1}, 1, 2)}, {{"steps", 1}}}},
    .bad = {{{ints({3}, 5, 9)}, {{"steps", 4}}}},
    .internal = true,
};

FOVEA_OP(sequence_last_index){
    .signature = "sequence_last_index(lengths@i64, steps: int)",
    .doc = "For x (steps,N,F) as rows (steps*N,F): the row of each sequence's last step, (N).",
    .dtypes = DTypes::any,
    .require = {check_shape, at_least("steps", 1)},
    .shape = [](const Call& c) { return Specs{{c.in(0).shape, i64}}; },
    .reference = [](const Call& c) {
      for_lengths(c, [&](int64_t n, int64_t length) { c.out().ptr<int64_t>()[n] = (length - 1) * c.in(0).size(0) + n; });
    },
    .no_gradient = no_slope,
    .samples = {{{ints({3}, 1, 5)}, {{"steps", 4}}}, {{ints({1}, 1, 2)}, {{"steps", 1}}}},
    .bad = {{{ints({3}, 5, 9)}, {{"steps", 4}}}},
    .internal = true,
};

}  // namespace
}  // namespace fovea
