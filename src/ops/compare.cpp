// Comparisons (bool results), logic on bool, and what is built on them.
#include "fovea/ops.h"
#include "fovea/pointwise.h"

namespace fovea {
namespace {

const std::vector<Sample> pairs = {{{f({2, 3}), f({2, 3})}}, {{f({2, 8, 3, 5}), f({1, 8, 1, 1})}}, {{f({3}), f({})}}};
const std::vector<Sample> truths = {{{bools({2, 3}), bools({2, 3})}}, {{bools({2, 8, 3, 5}), bools({8, 1, 1})}}};
const std::vector<Sample> mismatched = {{{f({2, 3}), f({2, 4})}}};
constexpr const char* no_slope = "the result is bool";

FOVEA_POINTWISE(equal, comparison, (x, y), (), x == y,
    .signature = "equal(x, y)", .doc = "x == y, broadcast, as bool; NaN equals nothing.", .no_gradient = no_slope,
    .samples = pairs, .bad = mismatched);
FOVEA_POINTWISE(not_equal, comparison, (x, y), (), x != y,
    .signature = "not_equal(x, y)", .doc = "x != y, broadcast, as bool.", .no_gradient = no_slope, .samples = pairs, .bad = mismatched);
FOVEA_POINTWISE(less, comparison, (x, y), (), x < y,
    .signature = "less(x, y)", .doc = "x < y, broadcast, as bool.", .no_gradient = no_slope, .samples = pairs, .bad = mismatched);
FOVEA_POINTWISE(less_equal, comparison, (x, y), (), x <= y,
    .signature = "less_equal(x, y)", .doc = "x <= y, broadcast, as bool.", .no_gradient = no_slope, .samples = pairs, .bad = mismatched);
FOVEA_POINTWISE(greater, comparison, (x, y), (), x > y,
    .signature = "greater(x, y)", .doc = "x > y, broadcast, as bool.", .no_gradient = no_slope, .samples = pairs, .bad = mismatched);
FOVEA_POINTWISE(greater_equal, comparison, (x, y), (), x >= y,
    .signature = "greater_equal(x, y)", .doc = "x >= y, broadcast, as bool.", .no_gradient = no_slope, .samples = pairs, .bad = mismatched);

FOVEA_POINTWISE(isfinite, comparison, (x), (), (x - x) == (real)0,
    .signature = "isfinite(x)", .doc = "False for infinities and NaN.", .no_gradient = no_slope, .samples = {{{f({2, 8, 3, 3})}}});

FOVEA_POINTWISE(logical_and, logic, (x, y), (), x & y,
    .signature = "logical_and(x@bool, y@bool)", .doc = "x and y, broadcast.", .no_gradient = no_slope, .samples = truths, .bad = mismatched);
FOVEA_POINTWISE(logical_or, logic, (x, y), (), x | y,
    .signature = "logical_or(x@bool, y@bool)", .doc = "x or y, broadcast.", .no_gradient = no_slope, .samples = truths, .bad = mismatched);
FOVEA_POINTWISE(logical_not, logic, (x), (), !x,
    .signature = "logical_not(x@bool)", .doc = "not x.", .no_gradient = no_slope, .samples = {{{bools({2, 8, 3, 3})}}});

}  // namespace
}  // namespace fovea
