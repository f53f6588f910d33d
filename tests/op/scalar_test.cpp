// The scalar vocabulary in f32 against f64 libm, in units in the last place over the whole range that
// matters.
#include "fovea/scalar.h"

#include <gtest/gtest.h>

namespace fovea::text {
namespace {

double ulps(float got, double exact) {
  if (std::isnan(exact)) return std::isnan(got) ? 0 : INFINITY;
  const float nearest = float(exact);
  if (std::isinf(nearest) || nearest == got) return nearest == got ? 0 : INFINITY;
  const double unit = std::max(double(std::nextafter(std::fabs(nearest), INFINITY)) - std::fabs(nearest),
                               1.17549435e-38 * 0x1p-23);
  return std::fabs(double(got) - exact) / unit;
}

template <class F, class G>
double worst(F ours, G exact, float low, float high, int n = 400000) {
  double most = 0;
  for (int i = 0; i <= n; ++i) {
    const float x = low + (high - low) * float(i) / float(n);
    most = std::max(most, ulps(ours(x), exact(double(x))));
  }
  return most;
}

float exp_(float x) { return fv_exp(x); }
float expm1_(float x) { return fv_expm1(x); }
float log_(float x) { return fv_log(x); }
float log1p_(float x) { return fv_log1p(x); }
float tanh_(float x) { return fv_tanh(x); }
float erf_(float x) { return fv_erf(x); }

TEST(Scalar, ErrorsInUlp) {
  EXPECT_LE(worst(
                exp_, [](double x) { return std::exp(x); }, -87, 88.7f),
            3);
  EXPECT_LE(worst(
                expm1_, [](double x) { return std::expm1(x); }, -20, 20),
            3);
  EXPECT_LE(worst(
                expm1_, [](double x) { return std::expm1(x); }, -0.01f, 0.01f),
            3);
  EXPECT_LE(worst(
                log_, [](double x) { return std::log(x); }, 1e-6f, 4),
            3);
  EXPECT_LE(worst(
                log_, [](double x) { return std::log(x); }, 4, 1e30f),
            2);
  EXPECT_LE(worst(
                log1p_, [](double x) { return std::log1p(x); }, -0.99f, 4),
            4);
  EXPECT_LE(worst(
                tanh_, [](double x) { return std::tanh(x); }, -10, 10),
            4);
  EXPECT_LE(worst(
                erf_, [](double x) { return std::erf(x); }, -5, 5),
            8);
}

TEST(Scalar, LimitsAndNaN) {
  EXPECT_EQ(fv_exp(INFINITY), INFINITY);
  EXPECT_EQ(fv_exp(-INFINITY), 0);
  EXPECT_EQ(fv_expm1(-INFINITY), -1);
  EXPECT_EQ(fv_log(0.f), -INFINITY);
  EXPECT_EQ(fv_log(INFINITY), INFINITY);
  EXPECT_EQ(fv_tanh(-INFINITY), -1);
  EXPECT_EQ(fv_log1p(INFINITY), INFINITY);
  EXPECT_EQ(fv_log1p(-1.f), -INFINITY);
  for (float y : {fv_exp(NAN), fv_expm1(NAN), fv_log(NAN), fv_log(-1.f), fv_log1p(NAN), fv_tanh(NAN),
                  fv_max(NAN, 1.f), fv_max(1.f, NAN), fv_min(NAN, 1.f), fv_min(1.f, NAN)})
    EXPECT_TRUE(std::isnan(y));
}

}  // namespace
}  // namespace fovea::text
