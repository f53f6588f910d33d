// Calibration against the words of Guo et al. 2017 in PyTorch (reference/make_reference.py).
#include "fovea/calibration.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "../files.h"
#include "../zoo/fill.h"
#include "fovea/ops.h"

namespace fovea {
namespace {

using nlohmann::json;
using test::error_of;

void expect_as(const see::Calibration& c, const json& expected) {
  EXPECT_NEAR(c.ece, expected.at("ece").get<double>(), 1e-9);
  EXPECT_NEAR(c.mce, expected.at("mce").get<double>(), 1e-9);
  EXPECT_NEAR(c.nll, expected.at("nll").get<double>(), 1e-9);
  EXPECT_NEAR(c.accuracy, expected.at("accuracy").get<double>(), 1e-12);
  EXPECT_NEAR(c.confidence, expected.at("confidence").get<double>(), 1e-9);
}

TEST(Calibration, AsGuo) {
  const json expected =
      json::parse(std::ifstream(FOVEA_SOURCE_DIR "/tests/see/reference/explanations.json")).at("calibration");
  const Tensor logits = Tensor::empty({500, 10}, f64);
  test::fill(logits, 7, 4, 0);
  const auto list = expected.at("labels").get<std::vector<int64_t>>();
  const Tensor labels = Tensor::of(std::span(list));
  expect_as(see::calibrate(logits, labels), expected.at("before"));
  const double t = see::fit_temperature(logits, labels);
  EXPECT_NEAR(t, expected.at("temperature").get<double>(), 1e-6);
  expect_as(see::calibrate(logits, labels, expected.at("temperature")), expected.at("after"));
}

TEST(Calibration, CountsByHand) {
  // Confidences 0.8, 0.8, 0.6: right, wrong, right.
  const auto pair = [](double p) { return std::log(p / (1 - p)); };
  const Tensor logits = tensor({pair(0.8), 0, 0, pair(0.8), pair(0.6), 0}, {3, 2}, f64);
  const see::Calibration c = see::calibrate(logits, tensor({0, 0, 0}, {3}, i64), 1, 10);
  EXPECT_EQ(c.bins[7].examples + c.bins[8].examples, 2);
  EXPECT_NEAR(c.ece, (2 * 0.3 + 0.4) / 3, 1e-9);
  EXPECT_NEAR(c.mce, 0.4, 1e-9);
  EXPECT_EQ(see::draw_reliability(c).color, image::ColorModel::rgb);
}

/// Sure and always right, or always wrong: the best temperature lies at an end.
TEST(Calibration, TemperatureStaysInItsRange) {
  const Tensor logits = tensor({5, 0, 0, 5}, {2, 2});
  EXPECT_NEAR(see::fit_temperature(logits, tensor({0, 1}, {2}, i64)), 0.01, 1e-3);
  EXPECT_NEAR(see::fit_temperature(logits, tensor({1, 0}, {2}, i64)), 100, 1);
  EXPECT_GT(see::fit_temperature(zeros({2, 2}), tensor({1, 0}, {2}, i64)), 0);
}

TEST(Calibration, RefusesWhatCannotBeMeant) {
  const Tensor logits = tensor({1, 2, 3, 4}, {2, 2}), labels = tensor({0, 1}, {2}, i64);
  const std::pair<std::function<void()>, const char*> cases[] = {
      {[&] {
         see::calibrate(logits, tensor({0, 2}, {2}, i64));
       },
       "label 2 is outside of the 2 classes"},
      {[&] { see::calibrate(logits, tensor({0}, {1}, i64)); }, "not f32 (2,2) and i64 (1)"},
      {[&] { see::calibrate(logits, labels, 0); }, "a temperature is above 0"},
      {[&] { see::calibrate(logits, labels, 1, 0); }, "bins=0"},
      {[&] {
         see::fit_temperature(tensor({1, NAN, 3, 4}, {2, 2}), labels);
       },
       "example 0 are not finite"},
  };
  for (const auto& [work, message] : cases)
    EXPECT_NE(error_of(work).find(message), std::string::npos) << message << " is not in: " << error_of(work);
}

}  // namespace
}  // namespace fovea
