// Landscapes of losses: parabolas known in closed form, filters as long as those of the network.
#include "fovea/surface.h"

#include <cmath>

#include "../files.h"
#include "fovea/operators.h"
#include "fovea/random.h"
#include "fovea/zoo.h"

namespace fovea::see {
namespace {

/// A line y = w x + b through (1, 1), (2, 3), (4, 2).
struct Line {
  nn::Linear net{1, 1};
  Tensor x = tensor({1, 2, 4}, {3, 1}, f64), t = tensor({1, 3, 2}, {3, 1}, f64);
  LossFunction loss = [this] { return mse_loss(net(x), t); };

  Line(double w, double b) {
    net.to(f64);
    set(w, b);
  }
  void set(double w, double b) const { net.parameters()[0].fill(w), net.parameters()[1].fill(b); }
  static double truth(double w, double b) {
    return (std::pow(w + b - 1, 2) + std::pow(2 * w + b - 3, 2) + std::pow(4 * w + b - 2, 2)) / 3;
  }
  void expect_at(double w, double b) const {
    EXPECT_EQ(net.parameters()[0].item(), w);
    EXPECT_EQ(net.parameters()[1].item(), b);
  }
};

TEST(Surface, IsTheLossOfTheParametersThemselves) {
  const Line line(0.5, -2);
  Plane plane = plane_of_two(line.net);
  plane.left = -1, plane.right = 2, plane.bottom = 0, plane.top = 1, plane.columns = 6, plane.rows = 4;
  const Tensor heights = loss_surface(line.net, line.loss, plane);
  ASSERT_EQ(heights.shape(), Dims({4, 6}));
  for (int64_t r = 0; r < 4; ++r)
    for (int64_t c = 0; c < 6; ++c)
      EXPECT_NEAR(heights.at<double>({r, c}), Line::truth(-0.75 + 0.5 * double(c), 0.875 - 0.25 * double(r)),
                  1e-12);
  line.expect_at(0.5, -2);
}

TEST(Surface, LiesAroundTheParametersUnlessToldOtherwise) {
  const Line line(0.5, -2);
  const Direction up{ones({1, 1}, f64), full({1}, 2, f64)}, across{full({1, 1}, 3, f64), zeros({1}, f64)};
  const Tensor one = loss_surface(
      line.net, line.loss,
      {.across = across, .up = up, .left = 0, .right = 1, .bottom = 0, .top = 4, .columns = 1, .rows = 1});
  EXPECT_NEAR(one.item(), Line::truth(0.5 + 3 * 0.5 + 2, -2 + 2 * 2), 1e-12);
}

TEST(Surface, DescentIsThatOfPencilAndPaper) {
  const Line line(0.5, -2);
  const Descent way = descend(line.net, line.loss, 0.05, 40);
  ASSERT_EQ(way.points.shape(), Dims({41, 2}));
  double w = 0.5, b = -2;
  for (int64_t i = 0; i <= 40; ++i) {
    EXPECT_NEAR(way.points.at<double>({i, 0}), w, 1e-9);
    EXPECT_NEAR(way.points.at<double>({i, 1}), b, 1e-9);
    EXPECT_NEAR(way.loss[size_t(i)], Line::truth(w, b), 1e-9);
    const double e1 = w + b - 1, e2 = 2 * w + b - 3, e4 = 4 * w + b - 2;
    w -= 0.05 * 2 * (e1 + 2 * e2 + 4 * e4) / 3, b -= 0.05 * 2 * (e1 + e2 + e4) / 3;
  }
  line.expect_at(0.5, -2);
}

/// The parabola 2/3 ((21, 7), (7, 3)): its largest eigenvalue parts rates that settle from those that do not.
TEST(Surface, CurvatureSaysWhichRatesAreTooLarge) {
  const Line line(0.5, -2);
  const Tensor h = hessian(line.net, line.loss);
  const std::vector<double> truth{14, 14. / 3, 14. / 3, 2};
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(h.to_vector<double>()[i], truth[i], 1e-9);
  const double largest = 8 + std::sqrt(36 + std::pow(14. / 3, 2));
  EXPECT_NEAR(largest_eigenvalue(h), largest, 1e-9);
  EXPECT_NEAR(largest_eigenvalue(tensor({-5, 0, 0, -1}, {2, 2}, f64)), -1, 1e-9);
  EXPECT_LT(descend(line.net, line.loss, 1.98 / largest, 500).loss.back(), Line::truth(0.5, -2));
  const Descent away = descend(line.net, line.loss, 2.02 / largest, 50'000);
  EXPECT_GT(away.loss.back(), 1e10);
  EXPECT_LT(away.loss.size(), 50'000u);  // up to the last finite loss
}

TEST(Surface, FiltersAreAsLongAsThoseOfTheNetwork) {
  manual_seed(5);
  const nn::Sequential net(nn::Conv2d(3, 4, 3), nn::BatchNorm2d(4), nn::Linear(6, 5));
  const Direction d = filter_normalised(net, 1), other = filter_normalised(net, 2);
  const auto parameters = net.named_parameters();
  ASSERT_EQ(d.size(), parameters.size());
  for (size_t i = 0; i < d.size(); ++i) {
    const Tensor& p = parameters[i].second;
    ASSERT_EQ(d[i].shape(), p.shape());
    if (p.rank() < 2) {
      EXPECT_EQ(max(abs(d[i])).item(), 0) << parameters[i].first;
      continue;
    }
    const auto lengths = [](const Tensor& t) {
      return sum(square(reshape(t.detach(), {t.size(0), -1})), {1});
    };
    EXPECT_LT(max(abs(lengths(d[i]) - lengths(p))).item(), 1e-5) << parameters[i].first;
    EXPECT_GT(max(abs(d[i] - other[i])).item(), 0.01);
    EXPECT_TRUE(same_bits(d[i], filter_normalised(net, 1)[i]));
  }
}

TEST(Surface, SaysWhatItCannotDo) {
  const Line line(0, 0);
  const nn::Linear wide(3, 2);
  const auto error = [](const auto& f) { return test::error_of(f); };
  EXPECT_NE(error([&] { plane_of_two(wide); }).find("this model has 8"), std::string::npos);
  Plane plane = plane_of_two(line.net);
  plane.across.pop_back();
  EXPECT_NE(error([&] { loss_surface(line.net, line.loss, plane); }).find("across has 1 tensors for 2"),
            std::string::npos);
  plane = plane_of_two(line.net);
  plane.left = plane.right;
  EXPECT_NE(error([&] { loss_surface(line.net, line.loss, plane); }).find("hold no plane"),
            std::string::npos);
  EXPECT_NE(error([&] { descend(line.net, line.loss, -1, 5); }).find("learning rate -1"), std::string::npos);
  const nn::Linear large(50, 50);
  EXPECT_NE(error([&] { hessian(large, line.loss); }).find("256 are the most"), std::string::npos);
}

}  // namespace
}  // namespace fovea::see
