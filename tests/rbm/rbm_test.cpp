// RBMs against sums over all their states, and against values of scikit-learn.
#include <gtest/gtest.h>

#include <cmath>

#include "../files.h"
#include "fovea/autograd.h"
#include "fovea/compile.h"
#include "fovea/device.h"
#include "fovea/operators.h"
#include "fovea/optim.h"
#include "fovea/random.h"
#include "fovea/rbm.h"

namespace fovea {
namespace {

using rbm::RBM;
using rbm::Units;
using test::error_of;

/// All states of n bits: (2^n, n).
Tensor all_states(int64_t n, DType dtype = f64) {
  const Tensor all = Tensor::empty({int64_t{1} << n, n}, dtype);
  for (int64_t s = 0; s < all.size(0); ++s)
    for (int64_t i = 0; i < n; ++i) {
      if (dtype == f64) all.at<double>({s, i}) = double(s >> i & 1);
      else all.at<float>({s, i}) = float(s >> i & 1);
    }
  return all;
}

/// With parameters large enough that everything matters.
RBM random_rbm(int64_t visible, int64_t hidden, rbm::RBMOptions options = {.std = 0.8}) {
  manual_seed(7);
  RBM model(visible, hidden, options);
  model.visible_bias().detach().copy_from(randn({visible}, 0, 0.5));
  model.hidden_bias().detach().copy_from(randn({hidden}, 0, 0.5));
  model.to(f64);
  return model;
}

/// E(v, h) of every pair of states (2^V, 2^H), written out.
std::vector<std::vector<double>> energies(const RBM& m, const Tensor& v, const Tensor& h) {
  std::vector<std::vector<double>> all;
  for (int64_t s = 0; s < v.size(0); ++s) {
    all.emplace_back();
    for (int64_t t = 0; t < h.size(0); ++t) {
      double e = 0;
      for (int64_t i = 0; i < v.size(1); ++i) {
        const double u = v.at<double>({s, i}), b = m.visible_bias().at<double>({i});
        e += m.visible_units() == Units::gaussian ? (u - b) * (u - b) / 2 : -u * b;
        for (int64_t j = 0; j < h.size(1); ++j) e -= h.at<double>({t, j}) * m.weight().at<double>({j, i}) * u;
      }
      for (int64_t j = 0; j < h.size(1); ++j) e -= h.at<double>({t, j}) * m.hidden_bias().at<double>({j});
      all.back().push_back(e);
    }
  }
  return all;
}

TEST(Rbm, ProbabilitiesAreThoseOfTheEnergy) {
  for (const Units visible : {Units::bernoulli, Units::gaussian}) {
    const RBM m = random_rbm(4, 3, {.visible = visible, .std = 0.8});
    const Tensor v = all_states(4), h = all_states(3);
    const auto e = energies(m, v, h);
    const Tensor free = m.free_energy(v), mean_h = m.hidden_mean(v), pair = m.energy(v.narrow(0, 5, 8), h);
    for (int64_t s = 0; s < 16; ++s) {
      double total = 0;
      std::vector<double> on(3, 0);
      for (int64_t t = 0; t < 8; ++t) {
        const double p = std::exp(-e[size_t(s)][size_t(t)]);
        total += p;
        for (int64_t j = 0; j < 3; ++j) on[size_t(j)] += p * double(t >> j & 1);
      }
      EXPECT_NEAR(free.at<double>({s}), -std::log(total), 1e-12);
      for (int64_t j = 0; j < 3; ++j) EXPECT_NEAR(mean_h.at<double>({s, j}), on[size_t(j)] / total, 1e-12);
    }
    for (int64_t t = 0; t < 8; ++t) EXPECT_NEAR(pair.at<double>({t}), e[size_t(5 + t)][size_t(t)], 1e-12);
    if (visible == Units::gaussian) continue;
    const Tensor mean_v = m.visible_mean(h);
    for (int64_t t = 0; t < 8; ++t)
      for (int64_t i = 0; i < 4; ++i) {
        double total = 0, on = 0;
        for (int64_t s = 0; s < 16; ++s) {
          const double p = std::exp(-e[size_t(s)][size_t(t)]);
          total += p, on += p * double(s >> i & 1);
        }
        EXPECT_NEAR(mean_v.at<double>({t, i}), on / total, 1e-12);
      }
  }
}

TEST(Rbm, LogZSumsAllStates) {
  const RBM m = random_rbm(4, 3);
  double z = 0;
  for (const auto& row : energies(m, all_states(4), all_states(3)))
    for (const double e : row) z += std::exp(-e);
  EXPECT_NEAR(rbm::exact_log_z(m), std::log(z), 1e-12);
  const Tensor free = random_rbm(9, 2).free_energy(all_states(9));  // the other side is summed
  EXPECT_NEAR(rbm::exact_log_z(random_rbm(9, 2)), logsumexp(-free).item(), 1e-10);
  EXPECT_NE(error_of([] { rbm::exact_log_z(RBM(21, 30)); }).find("at most 20"), std::string::npos);
}

TEST(Rbm, GaussianVisibleLogZIsTheIntegral) {
  const RBM m = random_rbm(2, 3, {.visible = Units::gaussian, .std = 0.8});
  const double step = 0.2;
  const Tensor grid = Tensor::empty({100 * 100, 2}, f64);
  for (int64_t i = 0; i < 100; ++i)
    for (int64_t k = 0; k < 100; ++k)
      grid.at<double>({100 * i + k, 0}) = double(i - 50) * step,
                                    grid.at<double>({100 * i + k, 1}) = double(k - 50) * step;
  EXPECT_NEAR(rbm::exact_log_z(m), logsumexp(-m.free_energy(grid)).item() + 2 * std::log(step), 1e-6);
}

TEST(Rbm, GaussianHiddenFreeEnergyIsTheIntegral) {
  const RBM m = random_rbm(3, 1, {.hidden = Units::gaussian, .std = 0.8});
  const Tensor v = all_states(3), free = m.free_energy(v);
  for (int64_t s = 0; s < 8; ++s) {
    double z = 0;
    for (double h = -12; h < 12; h += 0.2)
      z += std::exp(-m.energy(v.narrow(0, s, 1), full({1, 1}, h, f64)).item()) * 0.2;
    EXPECT_NEAR(free.at<double>({s}), -std::log(z), 1e-9);
  }
}

/// 20 hidden units, the most that are summed exactly: the figure is 0.1.
TEST(Rbm, AnnealedImportanceSamplingAgreesWithTheSum) {
  const rbm::RBMOptions kinds[]{
      {.std = 0.3}, {.visible = Units::gaussian, .std = 0.1}, {.hidden = Units::gaussian, .std = 0.1}};
  for (const auto& options : kinds) {
    RBM m = random_rbm(12, 20, options);
    m.to(f32);
    manual_seed(1);
    const rbm::LogZ z = rbm::ais_log_z(m, {.runs = 200, .steps = 400});
    EXPECT_NEAR(z.log_z, rbm::exact_log_z(m), 0.02) << m.describe();
    EXPECT_LT(z.standard_error, 0.02);
    EXPECT_GT(z.standard_error, 0);
  }
}

// Values of scikit-learn 1.9.1: BernoulliRBM(3) with these components_ and intercepts; _free_energy(V),
// _mean_hiddens(V), and the scores of score_samples summed over every choice of the bit it turns at random
// (divided by their number it is its mean).
struct FromScikitLearn {
  RBM model{4, 3};
  Tensor v = tensor({0, 0, 0, 0, 1, 0, 1, 1, 0, 1, 1, 0}, {3, 4}, f64);
  FromScikitLearn() {
    model.to(f64);
    model.weight().detach().copy_from(
        tensor({0.5, -1, 0.25, 2, -0.75, 0.5, 1.5, -0.5, 1, 0.125, -2, 0.75}, {3, 4}, f64));
    model.visible_bias().detach().copy_from(tensor({0.1, -0.2, 0.3, -0.4}, {}, f64));
    model.hidden_bias().detach().copy_from(tensor({-0.5, 0.25, 0.75}, {}, f64));
  }
};

void expect_near(const Tensor& t, const std::vector<double>& want, double tolerance) {
  const auto values = t.to_vector<double>();
  ASSERT_EQ(values.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(values[i], want[i], tolerance) << i;
}

TEST(Rbm, ScikitLearnAgrees) {
  const FromScikitLearn s;
  expect_near(s.model.free_energy(s.v), {-2.43688741017385, -4.2983605272769605, -2.9832857765104346}, 1e-12);
  expect_near(
      s.model(s.v),
      {0.3775406687981454, 0.5621765008857981, 0.679178699175393, 0.9046505351008906, 0.6224593312018546,
       0.6224593312018546, 0.22270013882530884, 0.9046505351008906, 0.24508501313237172},
      1e-12);
  const std::vector<double> score{-4.243928320109662, -2.0893220374020305, -2.660130802072198};
  expect_near(s.model.exact_pseudo_likelihood(s.v), score, 1e-12);
  manual_seed(3);
  for (size_t i = 0; i < 3; ++i) {
    const Tensor many = s.v.narrow(0, int(i), 1).expand({20000, 4}).contiguous();
    EXPECT_NEAR(mean(s.model.pseudo_likelihood(many)).item(), score[i], 0.03);
  }
}

/// The gradient of the mean of -log p(v), by differentiating free energy and log Z.
std::vector<Tensor> exact_gradient(const RBM& m, const Tensor& v) {
  const Tensor loss = mean(m.free_energy(v)) + logsumexp(-m.free_energy(all_states(m.visible_shape()[0])));
  return grad(loss, m.parameters());
}

TEST(Rbm, ManyStepsOfContrastiveDivergenceGiveTheGradientOfTheLikelihood) {
  for (const bool persistent : {false, true}) {
    const RBM m = random_rbm(4, 3);
    const Tensor v = tensor({1, 0, 0, 1, 1, 1, 0, 0}, {2, 4}, f64).expand({2, 4}).contiguous();
    const Tensor many = concat(std::vector<Tensor>(2000, v), 0);
    const rbm::ContrastiveDivergence cd(m, {.k = 30, .persistent = persistent, .chains = 4000});
    cd.backward(many);
    const auto want = exact_gradient(m, v);
    for (size_t i = 0; i < want.size(); ++i) {
      const auto a = m.parameters()[i].grad().to_vector<double>(), b = want[i].to_vector<double>();
      for (size_t k = 0; k < a.size(); ++k) EXPECT_NEAR(a[k], b[k], 0.04);  // 5 deviations of 4000 samples
    }
  }
}

/// One step of CD is the difference of expectations over data and reconstruction, here written out.
TEST(Rbm, OneStepStartsAtTheData) {
  const RBM m = random_rbm(3, 2);
  m.weight().detach().fill(0);  // so that the reconstruction does not depend on the data
  const Tensor v = ones({4000, 3}, f64);
  const rbm::ContrastiveDivergence cd(m);
  cd.backward(v);
  const Tensor p = sigmoid(m.visible_bias().detach());
  expect_near(m.visible_bias().grad(), (p - 1).to_vector<double>(), 0.04);
  expect_near(m.hidden_bias().grad(), {0, 0}, 1e-12);
  cd.backward(v);  // adds to what is there
  expect_near(m.visible_bias().grad(), (2 * (p - 1)).to_vector<double>(), 0.08);
}

TEST(Rbm, ChainsReachTheModelsDistribution) {
  const RBM m = random_rbm(3, 2);
  const Tensor free = m.free_energy(all_states(3));
  const double log_z = rbm::exact_log_z(m);
  const Tensor v = m.gibbs(m.noise(20000), 20);
  std::vector<double> seen(8, 0);
  for (int64_t n = 0; n < v.size(0); ++n)
    seen[size_t(v.at<double>({n, 0}) + 2 * v.at<double>({n, 1}) + 4 * v.at<double>({n, 2}))] += 1. / 20000;
  for (int64_t s = 0; s < 8; ++s)
    EXPECT_NEAR(seen[size_t(s)], std::exp(-free.at<double>({s}) - log_z), 0.015);
}

TEST(Rbm, ReluUnitsHaveTheMeanOfTheirSamples) {
  const RBM m = random_rbm(1, 1, {.visible = Units::gaussian, .hidden = Units::relu});
  for (const double x : {-2., 0., 3.}) {
    const Tensor input = full({40000, 1}, x, f64), h = m.sample_of_hidden(input);
    EXPECT_GE(min(h).item(), 0);
    EXPECT_NEAR(mean(h).item(), m.mean_of_hidden(input).at<double>({0, 0}), 0.02);
  }
  // Nair and Hinton: it stands for Bernoulli units with biases shifted by -1/2, -3/2 ..., whose sum has this
  // mean
  double units = 0;
  for (int i = 1; i < 60; ++i) units += 1 / (1 + std::exp(-(3 - i + 0.5)));
  EXPECT_NEAR(m.mean_of_hidden(full({1, 1}, 3, f64)).item(), units, 0.06);
  EXPECT_EQ(m.mean_of_hidden(full({1, 1}, -2000, f64)).item(), 0);
  EXPECT_NE(error_of([&] { m.free_energy(zeros({1, 1}, f64)); }).find("closed form"), std::string::npos);
}

/// 2 x 2 bars, the four patterns that one row or column alone makes.
Tensor bars() {
  return concat(std::vector<Tensor>(25, tensor({1, 1, 0, 0, 0, 0, 1, 1, 1, 0, 1, 0, 0, 1, 0, 1}, {4, 4})), 0);
}

double likelihood(const RBM& m, const Tensor& v) {
  return -mean(m.free_energy(v)).item() - rbm::exact_log_z(m);
}

struct Learned {
  double before, after;
  Tensor weight;
};
Learned learn(rbm::ContrastiveOptions options, bool compiled, int threads = 0) {
  set_num_threads(threads);
  manual_seed(5);
  const RBM m(4, 6, {.std = 0.1});
  optim::SGD optimizer(m, {.lr = options.persistent ? 0.1 : 0.2, .momentum = 0.5});
  const rbm::ContrastiveDivergence cd(m, options);
  const auto eager = [&](const Tensor& v) {
    const Tensor error = cd.backward(v);
    optimizer.step();
    optimizer.zero_grad();
    return error;
  };
  auto replay = compile(eager, {.fuse = false});
  const Tensor v = bars();
  const double before = likelihood(m, v);
  for (int i = 0; i < (options.persistent ? 500 : 200); ++i) compiled ? replay(v) : eager(v);
  set_num_threads(0);
  return {before, likelihood(m, v), m.weight().detach()};
}

TEST(Rbm, LearningRaisesTheLikelihood) {
  for (const rbm::ContrastiveOptions& o : {rbm::ContrastiveOptions{.k = 1}, {.k = 3}, {.persistent = true}}) {
    const Learned eager = learn(o, false), replayed = learn(o, true), threaded = learn(o, false, 2);
    EXPECT_NEAR(eager.before, -4 * std::log(2.), 0.1);
    EXPECT_GT(eager.after, -2) << o.k << (o.persistent ? " persistent" : "");  // -log 4 = -1.386 would be all
    EXPECT_TRUE(same_bits(eager.weight, replayed.weight));
    EXPECT_TRUE(same_bits(eager.weight, threaded.weight));
  }
}

TEST(Rbm, SparsityPullsToItsTarget) {
  const auto mean_activity = [](double cost) {
    manual_seed(5);
    const RBM m(4, 6, {.std = 0.1});
    optim::SGD optimizer(m, {.lr = 0.2});
    const rbm::ContrastiveDivergence cd(m, {.sparsity_target = 0.1, .sparsity_cost = cost});
    for (int i = 0; i < 300; ++i) {
      cd.backward(bars());
      optimizer.step();
      optimizer.zero_grad();
    }
    return mean(m(bars())).item();
  };
  EXPECT_GT(mean_activity(0), 0.3);
  EXPECT_NEAR(mean_activity(2), 0.1, 0.06);
}

TEST(Rbm, RefusesWhatItCannotTake) {
  const RBM m(4, 2);
  const rbm::ContrastiveDivergence cd(m);
  auto step = compile([&](const Tensor& v) { return cd.backward(v); });
  const Tensor good = zeros({3, 4}), bad = full({3, 4}, 2.5), nan = full({3, 4}, std::nan(""));
  step(good);
  for (const Tensor& v : {bad, nan}) {
    EXPECT_NE(error_of([&] { cd.backward(v); }).find("[0, 1]"), std::string::npos);
    EXPECT_NE(error_of([&] { step(v); }).find("[0, 1]"), std::string::npos);
    EXPECT_NE(error_of([&] { m(v); }).find("normalize=none"), std::string::npos);
  }
  EXPECT_NE(error_of([&] { m(zeros({3, 5})); }).find("takes 4 numbers"), std::string::npos);
  EXPECT_NE(error_of([] { RBM(4, 0); }).find("1 unit"), std::string::npos);
  EXPECT_NE(error_of([] { RBM(4, 2, {.visible = Units::relu}); }).find("visible"), std::string::npos);
  EXPECT_NE(
      error_of([] { RBM(4, 2, {.visible = Units::gaussian, .hidden = Units::gaussian}); }).find("one side"),
      std::string::npos);
  EXPECT_NE(error_of([] { rbm::units_named("gausian"); }).find("gaussian?"), std::string::npos);
  EXPECT_NE(error_of([&] { rbm::ContrastiveDivergence(m, {.k = 0}); }).find("k=1"), std::string::npos);
  EXPECT_NO_THROW(RBM(4, 2, {.visible = Units::gaussian})(bad));
}

TEST(Rbm, VisibleBiasesGiveTheMeansOfTheData) {
  const RBM m(2, 3, {.std = 0});
  m.set_visible_bias(tensor({0.25, 0.75}));
  expect_near(m.visible_mean(zeros({1, 3})), {0.25, 0.75}, 1e-6);
}

}  // namespace
}  // namespace fovea
