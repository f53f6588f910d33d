// The perceptron against what is proven about it: Novikoff's bound, the cycling theorem, and the numbers of
// threshold functions (Muroga 1971).
#include "fovea/nn/perceptron.h"

#include <gtest/gtest.h>

#include <cmath>

#include "fovea/ops.h"
#include "fovea/random.h"

namespace fovea {
namespace {

const Tensor corners = tensor({0, 0, 0, 1, 1, 0, 1, 1}, {4, 2});
const Tensor and_labels = tensor({0, 0, 0, 1}), xor_labels = tensor({0, 1, 1, 0});

std::string error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

/// All corners of the unit cube, in the order of the binary numbers.
Tensor cube(int inputs) {
  const int64_t n = int64_t{1} << inputs;
  const Tensor x = Tensor::empty({n, inputs});
  for (int64_t i = 0; i < n; ++i)
    for (int k = 0; k < inputs; ++k) x.at<float>({i, k}) = float(i >> k & 1);
  return x;
}

/// The truth table number `function`.
Tensor table(int64_t function, int64_t n) {
  const Tensor y = Tensor::empty({n}, i64);
  for (int64_t i = 0; i < n; ++i) y.at<int64_t>({i}) = function >> i & 1;
  return y;
}

/// Points on both sides of a plane through `inputs` dimensions, none nearer to it than `gap`.
std::pair<Tensor, Tensor> two_sides(int64_t n, int64_t inputs, double gap, uint64_t seed) {
  Generator random(seed);
  const Tensor x = Tensor::empty({n, inputs}), y = Tensor::empty({n}, i64);
  std::vector<double> normal;
  for (int64_t k = 0; k < inputs; ++k) normal.push_back(random.normal());
  double length = 0;
  for (double v : normal) length += v * v;
  for (int64_t i = 0; i < n; ++i) {
    double side = 0;
    for (int64_t k = 0; k < inputs; ++k) {
      x.at<float>({i, k}) = random.normal();
      side += double(x.at<float>({i, k})) * normal[size_t(k)] / std::sqrt(length);
    }
    const double push = side > 0 ? gap : -gap;
    for (int64_t k = 0; k < inputs; ++k)
      x.at<float>({i, k}) += float(push * normal[size_t(k)] / std::sqrt(length));
    y.at<int64_t>({i}) = side > 0;
  }
  return {x, y};
}

TEST(Perceptron, LearnsAnd) {
  const nn::Perceptron unit(2);
  const nn::PerceptronResult r = nn::learn_perceptron(unit, corners, and_labels);
  EXPECT_TRUE(r.converged());
  EXPECT_EQ(r.errors, 0);
  EXPECT_EQ(unit(corners).detach().to_vector<float>(), (std::vector<float>{0, 0, 0, 1}));
  // by hand: w = (2, 1), b = -2 in epoch 6, after 10 updates
  EXPECT_EQ(unit.weight().detach().to_vector<float>(), (std::vector<float>{2, 1}));
  EXPECT_EQ(unit.bias().item(), -2);
  EXPECT_EQ(r.units[0].updates, 10);
  EXPECT_EQ(r.units[0].epochs, 6);
  EXPECT_EQ(r.describe(), "converged; 6 epochs, 10 updates, 0 of 4 examples wrong");
}

TEST(Perceptron, XorIsProvenToNeverEnd) {
  const nn::Perceptron unit(2);
  const nn::PerceptronResult r = nn::learn_perceptron(unit, corners, xor_labels);
  EXPECT_FALSE(r.converged());
  EXPECT_GT(r.errors, 0);
  ASSERT_TRUE(r.units[0].cycle);
  EXPECT_TRUE(r.units[0].cycle->proven);
  EXPECT_LT(r.units[0].epochs, 20);
  EXPECT_NE(r.describe().find("never ends"), std::string::npos);
  // the weights really are those of so many epochs before
  const nn::Perceptron before(2);
  nn::learn_perceptron(before, corners, xor_labels,
                       {.max_epochs = r.units[0].cycle->epoch - r.units[0].cycle->length});
  EXPECT_TRUE(same_bits(before.weight().detach(), unit.weight().detach()));
  EXPECT_EQ(before.bias().item(), unit.bias().item());
}

TEST(Perceptron, RoundedCyclesAreNoProof) {
  const nn::Perceptron unit(1);
  const Tensor x = tensor({1.1e-9, 1.1e-9}, {2, 1}, f64);
  const nn::PerceptronResult r = nn::learn_perceptron(unit, x, tensor({0, 1}));
  ASSERT_TRUE(r.units[0].cycle);
  EXPECT_FALSE(r.units[0].cycle->proven);
}

/// 14 of 16 functions of two inputs and 104 of 256 of three are threshold functions. The rule learns each
/// within Novikoff's bound, and cycles for all others.
TEST(Perceptron, LearnsExactlyTheThresholdFunctions) {
  for (const auto& [inputs, expected] : {std::pair{2, 14}, {3, 104}}) {
    const Tensor x = cube(inputs);
    const int64_t n = x.size(0), functions = int64_t{1} << n;
    int64_t learned = 2;  // constants: one side is empty
    for (int64_t f = 1; f + 1 < functions; ++f) {
      const Tensor y = table(f, n);
      const nn::Perceptron unit(inputs);
      const nn::PerceptronCourse course = nn::learn_perceptron(unit, x, y).units[0];
      const double bound = nn::novikoff_bound(x, y);
      ASSERT_EQ(nn::separability(x, y).separable, course.converged) << f;
      ASSERT_EQ(std::isfinite(bound), course.converged) << f;
      ASSERT_NE(course.converged, course.cycle && course.cycle->proven) << f;
      learned += course.converged;
      ASSERT_LE(double(course.updates), course.converged ? bound : INFINITY) << f;
    }
    EXPECT_EQ(learned, expected);
  }
}

TEST(Perceptron, NovikoffsBoundOfAnd) {
  // with a 1 behind each and signs, the hull's point nearest to 0 lies on the face of normal (2, 2,
  // -3)/sqrt(17)
  EXPECT_NEAR(nn::novikoff_bound(corners, and_labels), 3 * 17, 1e-9);
}

TEST(Perceptron, SeparableDataOfTwentyDimensionsIsLearned) {
  const auto [x, y] = two_sides(200, 20, 0.2, 1);
  const nn::Perceptron unit(20);
  const nn::PerceptronResult r = nn::learn_perceptron(unit, x, y);
  EXPECT_TRUE(r.converged());
  EXPECT_EQ(r.errors, 0);
  EXPECT_LE(double(r.units[0].updates), nn::novikoff_bound(x, y));
  const nn::Separability s = nn::separability(x, y);
  ASSERT_TRUE(s.separable);
  EXPECT_GE(s.margin, 0.2 - 1e-6);
}

TEST(Perceptron, TheSameSeedGivesTheSameWeights) {
  const auto [x, y] = two_sides(60, 3, 0.05, 2);
  const nn::PerceptronOptions options[]{{.shuffle = true, .seed = 5}, {.rule = "pocket", .seed = 5}};
  for (const auto& o : options) {
    const nn::Perceptron a(3), b(3), c(3);
    nn::learn_perceptron(a, x, y, o);
    nn::learn_perceptron(b, x, y, o);
    EXPECT_TRUE(same_bits(a.weight().detach(), b.weight().detach()));
    nn::learn_perceptron(c, x, y, {.rule = o.rule, .shuffle = o.shuffle, .seed = 6});
    EXPECT_FALSE(same_bits(a.weight().detach(), c.weight().detach()));
  }
}

/// The best line gets three of the four corners of XOR; the pocket keeps such a one, the plain rule ends
/// anywhere.
TEST(Perceptron, ThePocketKeepsTheBestLine) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const nn::Perceptron unit(2);
    EXPECT_EQ(nn::learn_perceptron(unit, corners, xor_labels, {.rule = "pocket", .seed = seed}).errors, 1);
    EXPECT_TRUE(
        nn::learn_perceptron(unit, corners, and_labels, {.rule = "pocket", .seed = seed}).converged());
  }
}

/// The mean of the weights after each example, by its definition.
TEST(Perceptron, TheAverageIsTheMeanOfAllWeights) {
  const auto [x, y] = two_sides(30, 2, 0.02, 3);
  double w[3] = {}, total[3] = {};
  int64_t steps = 0;
  for (bool wrong = true; wrong;) {
    wrong = false;
    for (int64_t i = 0; i < 30; ++i, ++steps) {
      const double example[3]{x.at<float>({i, 0}), x.at<float>({i, 1}), 1};
      const double output = w[0] * example[0] + w[1] * example[1] + w[2] > 0;
      const double error = double(y.at<int64_t>({i})) - output;
      wrong = wrong || error != 0;
      for (int k = 0; k < 3; ++k) w[k] += error * example[k], total[k] += w[k];
    }
  }
  const nn::Perceptron unit(2);
  EXPECT_TRUE(nn::learn_perceptron(unit, x, y, {.rule = "averaged"}).converged());
  EXPECT_NEAR(unit.weight().at<float>({0, 0}), total[0] / double(steps), 1e-6);
  EXPECT_NEAR(unit.weight().at<float>({0, 1}), total[1] / double(steps), 1e-6);
  EXPECT_NEAR(unit.bias().item(), total[2] / double(steps), 1e-6);
}

TEST(Perceptron, SeveralUnitsLearnOneClassEach) {
  const Tensor x = tensor({0, 0, 0, 1, 5, 0, 5, 1, 0, 6, 1, 6}, {6, 2}), y = tensor({0, 0, 1, 1, 2, 2});
  const nn::Perceptron units(2, 3);
  const nn::PerceptronResult r = nn::learn_perceptron(units, x, y);
  EXPECT_EQ(r.units.size(), 3u);
  EXPECT_TRUE(r.converged());
  EXPECT_EQ(r.errors, 0);
  EXPECT_EQ(units.classify(x).to_vector<int64_t>(), (std::vector<int64_t>{0, 0, 1, 1, 2, 2}));
  EXPECT_EQ(units(x).shape(), (Dims{6, 3}));
}

TEST(Separability, TheWidestLineOfAnd) {
  const nn::Separability s = nn::separability(corners, and_labels);
  ASSERT_TRUE(s.separable);
  EXPECT_NEAR(s.margin, std::sqrt(2) / 4, 1e-12);
  EXPECT_NEAR(s.weight[0], std::sqrt(0.5), 1e-12);
  EXPECT_NEAR(s.weight[1], std::sqrt(0.5), 1e-12);
  EXPECT_NEAR(s.bias, -1.5 * std::sqrt(0.5), 1e-12);
  EXPECT_EQ(s.describe(), "separable by 0.7071 x1 + 0.7071 x2 - 1.061 > 0, margin 0.3536");
}

TEST(Separability, TheCentreOfXorIsInBothHulls) {
  const nn::Separability s = nn::separability(corners, xor_labels);
  EXPECT_FALSE(s.separable);
  EXPECT_NEAR(s.point[0], 0.5, 1e-12);
  EXPECT_NEAR(s.point[1], 0.5, 1e-12);
  ASSERT_EQ(s.ones.size(), 2u);
  EXPECT_EQ(s.ones[0].example, 1);
  EXPECT_NEAR(s.ones[0].share, 0.5, 1e-12);
  EXPECT_EQ(s.others[1].example, 3);
  EXPECT_EQ(
      s.describe(),
      "not separable: (0.5, 0.5) is 0.5 of example 1 + 0.5 of example 2 and also 0.5 of example 0 + 0.5 of "
      "example 3; no line has one point on both its sides");
}

/// Both means of the certificate are the point, in 12 dimensions too; and it says nothing that is not so.
TEST(Separability, CertificatesHold) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    const auto [x, sides] = two_sides(40, 1 + int64_t(seed % 12), 0.01, seed);
    const Tensor y = sides.clone();
    y.at<int64_t>({0}) = seed % 2 ? y.at<int64_t>({0}) : 1 - y.at<int64_t>({0});  // one label is wrong
    const nn::Separability s = nn::separability(x, y);
    const auto mean = [&, x = x](const std::vector<nn::Separability::Part>& parts, int64_t k, int64_t label) {
      double sum = 0, shares = 0;
      for (const auto& p : parts) {
        sum += p.share * double(x.at<float>({p.example, k})), shares += p.share;
        EXPECT_GT(p.share, 0);
        EXPECT_EQ(y.at<int64_t>({p.example}), label);
      }
      EXPECT_NEAR(shares, 1, 1e-9);
      return sum;
    };
    double gap = 0;
    for (int64_t k = 0; k < x.size(1); ++k) {
      const double d = mean(s.ones, k, 1) - mean(s.others, k, 0);
      gap += d * d;
      EXPECT_NEAR(mean(s.ones, k, 1), s.separable ? mean(s.ones, k, 1) : s.point[size_t(k)], 1e-8);
    }
    EXPECT_NEAR(std::sqrt(gap), 2 * s.margin, 1e-6) << seed;  // what no hull, and no line, can beat
    EXPECT_TRUE(s.separable || seed % 2 == 0) << seed;
  }
}

TEST(Perceptron, RefusesWhatItCannotLearn) {
  const nn::Perceptron unit(2);
  EXPECT_NE(error_of([&] {
              nn::learn_perceptron(unit, corners, xor_labels, {.rule = "poket"});
            }).find("did you mean pocket"),
            std::string::npos);
  EXPECT_NE(error_of([&] {
              nn::learn_perceptron(unit, corners, tensor({0, 1, 2, 0}));
            }).find("label 2 is 2, but 0 to 1 are wanted"),
            std::string::npos);
  EXPECT_NE(error_of([&] {
              nn::learn_perceptron(unit, corners, tensor({0, 0.5, 1, 0}));
            }).find("0.5"),
            std::string::npos);
  EXPECT_NE(error_of([&] { nn::learn_perceptron(unit, cube(3), table(1, 8)); }).find("take 2 inputs"),
            std::string::npos);
  EXPECT_NE(error_of([&] {
              nn::learn_perceptron(unit, tensor({0, NAN}, {1, 2}), tensor({1}));
            }).find("example 0 holds nan"),
            std::string::npos);
  EXPECT_NE(error_of([&] {
              nn::learn_perceptron(unit, corners, tensor({1, 0}));
            }).find("y (N)"),
            std::string::npos);
  EXPECT_NE(error_of([&] {
              nn::separability(corners, tensor({0, 0, 0, 0}));
            }).find("0 of 4"),
            std::string::npos);
}

}  // namespace
}  // namespace fovea
