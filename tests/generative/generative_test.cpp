// Generative networks against closed forms, principal components, finite differences and PyTorch on the same
// weights and noise (reference/make_reference.py).
#include "fovea/generative.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <numbers>

#include "../files.h"
#include "../zoo/fill.h"
#include "fovea/autograd.h"
#include "fovea/compile.h"
#include "fovea/operators.h"
#include "fovea/optim.h"
#include "fovea/random.h"
#include "fovea/zoo.h"

namespace fovea::generative {
namespace {

using nlohmann::json;
using rbm::Units;

const json& reference() {
  static const json all =
      json::parse(std::ifstream(FOVEA_SOURCE_DIR "/tests/generative/reference/reference.json"));
  return all;
}

/// Numbers in [-1, 1) by the formula of the reference.
Tensor numbers(const Dims& shape, uint32_t k, DType dtype = f64) {
  const Tensor x = Tensor::empty(shape, dtype);
  test::fill(x, k, 1, 0);
  return x;
}

void expect_near(const Tensor& got, const json& wanted, double tolerance) {
  const auto values = got.detach().to_vector<double>();
  const auto expected = wanted.get<std::vector<double>>();
  ASSERT_EQ(values.size(), expected.size());
  for (size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], expected[i], tolerance) << i;
}

TEST(VAE, KLIsThatOfTheIntegral) {
  const Tensor mean = tensor({0, 1, -0.5, 2}, {4, 1}).to(f64),
               log_var = tensor({0, 0, -1, 0.7}, {4, 1}).to(f64);
  const Tensor kl = VAE::Posterior{mean, log_var}.kl();
  EXPECT_EQ(kl.at<double>({0}), 0);
  EXPECT_NEAR(kl.at<double>({1}), 0.5, 1e-15);
  for (int64_t i = 0; i < 4; ++i) {
    const double m = mean.at<double>({i, 0}), v = std::exp(log_var.at<double>({i, 0}));
    double integral = 0;
    constexpr double step = 1e-3;
    for (double z = -20; z < 20; z += step) {
      const double log_q = -(z - m) * (z - m) / (2 * v) - std::log(v) / 2, log_p = -z * z / 2;
      integral += std::exp(log_q) / std::sqrt(2 * std::numbers::pi) * (log_q - log_p) * step;
    }
    EXPECT_NEAR(kl.at<double>({i}), integral, 1e-9);
  }
}

TEST(NegativeLogLikelihood, IsThatOfCoinsAndOfNormalNumbers) {
  const Tensor x = tensor({1, 0, 1, 1, 0.5, 0}, {2, 3}).to(f64),
               logits = tensor({0, 0, 0, 2, -1, 3}, {2, 3}).to(f64);
  const Tensor coins = negative_log_likelihood(Units::bernoulli, logits, x);
  EXPECT_NEAR(coins.at<double>({0}), 3 * std::log(2), 1e-12);
  const auto softplus = [](double a) { return std::log1p(std::exp(a)); };
  EXPECT_NEAR(coins.at<double>({1}), softplus(-2) + (softplus(-1) + softplus(1)) / 2 + softplus(3), 1e-12);
  const Tensor normal = negative_log_likelihood(Units::gaussian, logits, x);
  EXPECT_NEAR(normal.at<double>({0}), 1 + 1.5 * std::log(2 * std::numbers::pi), 1e-12);
}

TEST(VAE, ComputesWhatPyTorchDoes) {
  const VAE net = zoo::vae({1, 28, 28}, {32, 5});
  net.to(f64);
  test::fill(net);
  const json& expected = reference().at("vae");
  const Tensor x = (numbers({4, 784}, 100) + 1) * 0.5;
  const VAE::Bound bound = net.bound(x, x, numbers({4, 5}, 101));
  expect_near(bound.nll, expected.at("nll"), 1e-9);
  expect_near(bound.kl, expected.at("kl"), 1e-12);
  mean(bound.nll + bound.kl).backward();
  const auto wanted = expected.at("gradients").items();
  std::map<std::string, std::vector<double>> gradients;
  for (const auto& [name, sums] : wanted) gradients[name] = sums.get<std::vector<double>>();
  for (const auto& [name, p] : net.named_parameters()) {
    std::string torchs = name;
    if (const size_t at = name.find("fc"); at != name.npos)
      torchs = name.substr(0, at) + char(name[at + 2] - 1) + name.substr(at + 3);
    ASSERT_TRUE(gradients.contains(torchs)) << name;
    EXPECT_NEAR(sum(p.grad()).item(), gradients[torchs][0], 1e-8 * gradients[torchs][1]) << name;
    EXPECT_NEAR(sum(abs(p.grad())).item(), gradients[torchs][1], 1e-8 * gradients[torchs][1]) << name;
  }
}

/// A small f64 VAE with Gaussian units.
VAE small_vae() {
  manual_seed(3);
  VAE net = zoo::vae({6}, {5, 2}, Units::gaussian, "tanh");
  net.to(f64);
  return net;
}

TEST(VAE, GradientsOfTheSampleAreThoseOfDifferences) {
  const VAE net = small_vae();
  const Tensor x = numbers({3, 6}, 1), noise = numbers({3, 2}, 2);
  const auto loss = [&] {
    const VAE::Bound b = net.bound(x, x, noise);
    return mean(b.nll + b.kl);
  };
  loss().backward();
  const NoGrad guard;
  for (const auto& [name, p] : net.named_parameters()) {
    double* at = p.data<double>();
    const Tensor gradient = p.grad().contiguous();
    for (int64_t i = 0; i < p.numel(); i += 3) {
      constexpr double h = 1e-5;
      const double before = at[i];
      at[i] = before + h;
      const double up = loss().item();
      at[i] = before - h;
      const double down = loss().item();
      at[i] = before;
      EXPECT_NEAR(gradient.data<double>()[i], (up - down) / (2 * h), 1e-7) << name << " " << i;
    }
  }
}

/// A linear decoder w z + b of Gaussian units makes p(x) = N(b, 1 + w w'), whose posterior is known: with it
/// as encoder any draw of z gives log p(x) itself, and the bound falls short of it by nothing on average.
TEST(VAE, LikelihoodOfALinearModelIsExact) {
  manual_seed(5);
  const nn::Linear up(1, 3);
  const VAE linear({3}, nn::Flatten(), 3, 1, up, Units::gaussian);
  linear.to(f64);
  up.weight().copy_from(tensor({1, -2, 0.5}, {3, 1}));
  up.bias().copy_from(tensor({0.125, 0.25, -0.5}));
  const double w[] = {1, -2, 0.5}, b[] = {0.125, 0.25, -0.5}, ww = 1 + 4 + 0.25;
  const NamedTensors parameters = linear.named_parameters();
  for (const auto& [name, p] : parameters) {
    if (name == "mean.weight") p.copy_from(tensor({1, -2, 0.5}, {1, 3}).to(f64) / (1 + ww));
    if (name == "mean.bias") p.fill(-(w[0] * b[0] + w[1] * b[1] + w[2] * b[2]) / (1 + ww));
    if (name == "log_var.weight") p.fill(0);
    if (name == "log_var.bias") p.fill(-std::log(1 + ww));
  }
  const Tensor x = numbers({4, 3}, 7) * 2;
  const Tensor one = linear.log_likelihood(x, 1), many = linear.log_likelihood(x, 5);
  for (int64_t i = 0; i < 4; ++i) {
    double square = 0, along = 0;
    for (int64_t k = 0; k < 3; ++k) {
      const double d = x.at<double>({i, k}) - b[k];
      square += d * d, along += d * w[k];
    }
    const double exact =
        -0.5 * (square - along * along / (1 + ww) + std::log(1 + ww) + 3 * std::log(2 * std::numbers::pi));
    EXPECT_NEAR(one.at<double>({i}), exact, 1e-9);
    EXPECT_NEAR(many.at<double>({i}), exact, 1e-9);
  }
  constexpr int64_t draws = 2000;
  const Tensor same = x.narrow(0, 0, 1).expand({draws, 3}).contiguous();
  const VAE::Bound bound = linear.bound(same, same, linear.draw(draws));
  EXPECT_NEAR(-mean(bound.nll + bound.kl).item(), one.at<double>({0}), 0.05);
}

/// The mean squared error of the best linear reconstruction of x (N, D) of mean 0 from k numbers: what power
/// iteration leaves of the variance.
double error_of_components(const Tensor& x, int64_t k) {
  Tensor rest = x;
  for (int64_t c = 0; c < k; ++c) {
    Tensor direction = numbers({x.size(1), 1}, 50);
    for (int i = 0; i < 300; ++i) {
      direction = matmul(transpose(rest, 0, 1), matmul(rest, direction));
      direction = direction / std::sqrt(sum(square(direction)).item());
    }
    rest = rest - matmul(matmul(rest, direction), transpose(direction, 0, 1));
  }
  return mean(square(rest)).item();
}

TEST(Autoencoder, LinearOnesFindThePrincipalComponents) {
  Tensor x = matmul(numbers({120, 8}, 1), numbers({8, 8}, 2));
  x = x - mean(x, {0}, true);
  for (const int64_t k : {1, 3}) {
    manual_seed(1);
    const Autoencoder net = zoo::autoencoder({8}, {k}, Units::gaussian, "none");
    net.to(f64);
    optim::Adam optimizer(net, {.lr = 0.02});
    auto step = compile([&](const Tensor& batch) {
      return net.learn(batch, batch, [&](const Tensor& loss, size_t) {
        loss.backward();
        optimizer.step();
        optimizer.zero_grad();
      });
    });
    double error = 0;
    for (int i = 0; i < 2000; ++i) {
      for (auto& group : optimizer.groups()) group.lr = 0.02 * (1 - i / 2000.0);
      error = step(x)[1].item();
    }
    const double best = error_of_components(x, k);
    EXPECT_GE(error, best * (1 - 1e-9)) << k;
    EXPECT_LE(error, best * 1.001) << k;
  }
}

TEST(Autoencoder, NoiseIsOnTheInputAlone) {
  const Autoencoder net = zoo::autoencoder({6}, {4, 2});
  const Tensor clean = ones({5, 6}), noisy = zeros({5, 6});
  const NoGrad guard;
  const std::vector<Tensor> scores = net.measure(noisy, clean);
  EXPECT_NEAR(scores[1].item(), mean(square(net(noisy) - 1)).item(), 1e-6);
  EXPECT_NEAR(scores[0].item(), -6 * mean(log(net(noisy))).item(), 1e-5);
  EXPECT_NO_THROW(net.measure(clean * 2, clean));
  EXPECT_NE(test::error_of([&] { net.measure(clean, clean * 2); }).find("normalize=none"), std::string::npos);
  EXPECT_NE(test::error_of([&] { net(ones({5, 7})); }).find("takes 6 numbers"), std::string::npos);
}

/// Radford's networks as the tutorial of PyTorch counts them.
TEST(DCGAN, HasThePublishedParameters) {
  const GAN net = zoo::dcgan({3, 64, 64});
  const auto players = net.players();
  EXPECT_EQ(players[0].name, "discriminator");
  EXPECT_EQ(players[0].module->num_parameters(), 2765568);
  EXPECT_EQ(players[1].module->num_parameters(), 3576704);
  for (const auto& [name, p] : net.named_parameters()) {
    if (p.numel() < 1000) continue;
    EXPECT_NEAR(mean(p).item(), 0, 1e-3) << name;
    EXPECT_NEAR(std::sqrt(mean(square(p)).item()), 0.02, 1e-3) << name;
  }
}

TEST(DCGAN, ComputesWhatPyTorchDoes) {
  const NoGrad guard;
  const GAN net = zoo::dcgan({3, 64, 64}, 8);
  net.to(f64);
  for (const auto& player : net.players()) test::fill(*player.module);
  net.train();
  const json& expected = reference().at("dcgan");
  const Tensor made = net.decode(numbers({3, 100}, 102));
  EXPECT_NEAR(sum(abs(made)).item(), expected.at("magnitude"), 1e-8 * expected.at("magnitude").get<double>());
  const auto pixels = made.to_vector<double>();
  for (size_t i = 0; i < expected.at("pixels").size(); ++i)
    EXPECT_NEAR(pixels[i * 1543], expected.at("pixels")[i], 1e-10);
  const Tensor judged = sigmoid((*net.players()[0].module)(numbers({3, 3, 64, 64}, 100)));
  expect_near(judged.reshape({3}), expected.at("judged"), 1e-10);
}

TEST(DCGAN, MakesImagesOfManySides) {
  const NoGrad guard;
  for (const int64_t side : {8, 14, 28, 32, 40}) {
    const GAN net = zoo::dcgan({1, side, side}, 4);
    EXPECT_EQ(net.decode(net.draw(2)).shape(), (Dims{2, 1, side, side}));
    EXPECT_EQ(net(zeros({3, 1, side, side})).shape(), (Dims{3}));
  }
}

TEST(DCGAN, EachPlayerLearnsByItsOwnLoss) {
  manual_seed(2);
  const GAN net = zoo::dcgan({1, 8, 8}, 4);
  net.train();
  const auto has_gradient = [](const nn::Module& m) {
    int64_t with = 0;
    for (const Tensor& p : m.parameters()) with += p.grad().defined() && max(abs(p.grad())).item() > 0;
    return with == int64_t(m.parameters().size()) ? "all" : with == 0 ? "none" : "some";
  };
  const auto players = net.players();
  const Tensor x = rand({6, 1, 8, 8});
  std::vector<double> losses;
  const std::vector<Tensor> scores = net.learn(x, x, [&](const Tensor& loss, size_t i) {
    losses.push_back(loss.item());
    net.zero_grad();
    loss.backward();
    EXPECT_STREQ(has_gradient(*players[i].module), "all");
    EXPECT_STREQ(has_gradient(*players[1 - i].module), "none");
  });
  ASSERT_EQ(losses.size(), 2u);
  EXPECT_EQ(scores[0].item(), losses[0]);
  EXPECT_EQ(scores[1].item(), losses[1]);
  EXPECT_NEAR(losses[0], 2 * std::log(2), 0.3);  // it knows nothing yet
  EXPECT_NEAR(scores[2].item(), 0.5, 0.1);
  for (const Tensor& p : net.parameters()) EXPECT_TRUE(p.requires_grad());
}

TEST(DCGAN, IsMeasuredByTheBatch) {
  manual_seed(2);
  const NoGrad guard;
  const GAN net = zoo::dcgan({1, 8, 8}, 4);
  const Tensor x = rand({6, 1, 8, 8});
  net.eval();
  const NamedTensors before = net.state_dict();
  std::vector<Tensor> kept;
  for (const auto& [name, t] : before) kept.push_back(t.clone());
  auto measure = compile([&](const Tensor& images) { return net.measure(images, images); });
  const double once = measure(x)[2].item(), again = measure(x)[2].item();
  EXPECT_EQ(once, again);
  for (size_t i = 0; i < kept.size(); ++i)
    EXPECT_TRUE(same_bits(before[i].second, kept[i])) << before[i].first;
  const nn::Module& judge = *net.players()[0].module;
  EXPECT_FALSE(judge.training());
  judge.train();
  EXPECT_NEAR(once, mean(sigmoid(judge(x))).item(), 1e-6);
}

TEST(Generative, SaysWhatIsWrong) {
  const auto expect = [](const std::string& name, const Dims& input, const char* part) {
    const std::string error = test::error_of([&] { zoo::make(name, {.input = input}); });
    EXPECT_NE(error.find(part), std::string::npos) << name << ": " << error;
  };
  const Dims digit{1, 28, 28};
  expect("dcgan", {1, 30, 30}, "sides like 28, 32 or 64");
  expect("dcgan", {1, 28, 32}, "square images");
  expect("dcgan:16-2", digit, "one width");
  expect("dcgan:0", digit, "no valid sizes");
  expect("vae:20", digit, "hidden and latent units");
  expect("vae:400-20:binary", digit, "no units are called 'binary'");
  expect("vae:400-20:relu", digit, "bernoulli or gaussian");
  expect("vae:400-20:gaussian:rellu", digit, "rellu");
  expect("autoencoder", {1, 30, 30}, "divisible by 4");
  expect("autoencodr:4", digit, "did you mean autoencoder?");
  const GAN gan = zoo::dcgan({1, 8, 8}, 2);
  const Tensor x = zeros({2, 1, 8, 8});
  EXPECT_NE(test::error_of([&] { gan.measure(x.clone(), x); }).find("nothing to denoise"), std::string::npos);
  EXPECT_NE(test::error_of([&] { gan.encode(x); }).find("no place in the latent space"), std::string::npos);
  const Autoencoder plain = zoo::autoencoder({6}, {4, 2});
  EXPECT_NE(test::error_of([&] { plain.draw(3); }).find("no prior"), std::string::npos);
}

}  // namespace
}  // namespace fovea::generative
