#include "cli/plot_surface.h"

#include <fmt/format.h>

#include <cmath>

#include "base/file.h"
#include "cli/lesson.h"
#include "cli/validation.h"
#include "fovea/compile.h"
#include "fovea/plot.h"
#include "fovea/surface.h"
#include "train/recipe.h"

namespace fovea::cli {
namespace {

/// The heights of a plane, as plots take them.
image::Surface measured(const nn::Module& net, const see::LossFunction& loss, const see::Plane& plane,
                        const std::string& x_label, const std::string& y_label) {
  return {plane.left, plane.right, plane.bottom, plane.top, see::loss_surface(net, loss, plane),
          x_label,    y_label};
}

void write(const std::string& out, const std::string& title, const image::Surface& surface,
           const std::vector<image::Way>& ways) {
  if (out.empty()) return;
  image::plot_surface(out, title, surface, ways);
  fmt::print("wrote {}\n", out);
}

/// Around where long and patient descent ends, as wide as all of the way to there.
void frame(see::Plane& plane, const see::Descent& way, const Tensor& end) {
  double reach[2]{};
  for (int64_t i = 0; i < way.points.size(0); ++i)
    for (int k = 0; k < 2; ++k)
      reach[k] = std::max(reach[k], std::abs(way.points.at<double>({i, k}) - end.at<double>({k})));
  const double most = std::max({reach[0], reach[1], 1e-3});
  const auto span = [&](int k) { return 1.35 * std::max(reach[k], most / 2); };
  plane.left = end.at<double>({0}) - span(0), plane.right = end.at<double>({0}) + span(0);
  plane.bottom = end.at<double>({1}) - span(1), plane.top = end.at<double>({1}) + span(1);
}

/// Beyond 2 / curvature, descent on a parabola gets worse with each step.
std::vector<double> rates_for(const SurfaceKeys& k, double curvature) {
  if (!k.rates.empty()) return k.rates;
  check(curvature > 0, "the loss is not curved upwards where descent starts: give lr=0.01,0.1");
  return {0.05 / curvature, 1 / curvature, 2.1 / curvature};
}

std::string told(double rate, double curvature) {
  if (curvature <= 0) return "";
  return rate * curvature > 2 ? ": too large" : rate * curvature < 0.3 ? ": small" : ": good";
}

void two_parameters(const SurfaceKeys& k, const std::string& model, const std::string& data,
                    const std::string& out) {
  if (data.empty())
    throw UsageError(fmt::format("which data? give data=, as in data=miles, with model={}", model));
  const Lesson lesson = lesson_of(data, model, k.examples, k.seed);
  const nn::AnyModule& net = lesson.net;
  check(net.num_parameters() == 2,
        "plot surface draws two parameters, but {} has {}: mlp:1-1 is a line; or train it, and give the run "
        "folder",
        model, net.num_parameters());
  net.to(f64);
  const Tensor x = lesson.x.to(f64), t = lesson.entropy ? lesson.t : lesson.t.to(f64);
  const see::LossFunction loss = [&, objective = lesson.objective()] { return objective(net(x), t); };
  const double curvature = see::largest_eigenvalue(see::hessian(net, loss));
  constexpr int64_t patient = 3000;
  const double rate = curvature > 0 ? 1 / curvature : k.rates.empty() ? 0.01 : k.rates[0];
  const see::Descent best = see::descend(net, loss, rate, patient);
  see::Plane plane = see::plane_of_two(net);
  plane.columns = plane.rows = k.cells > 0 ? k.cells : 92;
  frame(plane, best, best.points.select(0, best.points.size(0) - 1));
  const auto parameters = net.named_parameters();
  const image::Surface surface =
      measured(net, loss, plane, parameters.front().first, parameters.back().first);
  std::vector<image::Way> ways;
  for (const double lr : rates_for(k, curvature)) {
    const see::Descent way = see::descend(net, loss, lr, k.steps);
    ways.push_back({fmt::format("lr={:.2g}{}", lr, told(lr, curvature)), way.points});
    fmt::print("{}", image::text_surface(surface, ways.back()));
    fmt::print("  loss {:.4g} -> {:.4g} in {} steps\n\n", way.loss.front(), way.loss.back(),
               way.loss.size() - 1);
  }
  fmt::print("the loss curves by {:.4g} at most: rates beyond 2 / {:.4g} = {:.2g} get worse\n", curvature,
             curvature, 2 / curvature);
  write(out, fmt::format("{} on {}: {} steps of gradient descent", model, data, k.steps), surface, ways);
}

void around_run(const SurfaceKeys& k, const std::string& model, const std::string& data, double range,
                const std::string& out) {
  const Trained trained = load_trained(model, {});
  check_knows_classes(trained);
  const auto set = open_validation(trained, data);
  data::DataLoader loader = validation_loader(trained, set, k.examples > 0 ? k.examples : 256, 0);
  auto epoch = loader.epoch(0);
  const data::Batch batch = *epoch.begin();
  auto step = compile([&](const Tensor& images, const Tensor& labels) {
    return train::loss_of({}, set->task(), trained.net(images), labels);
  });
  const see::LossFunction loss = [&] { return step(batch.images, batch.labels); };
  see::Plane plane{.across = see::filter_normalised(trained.net, k.seed),
                   .up = see::filter_normalised(trained.net, k.seed + 1),
                   .left = -range,
                   .right = range,
                   .bottom = -range,
                   .top = range};
  plane.columns = plane.rows = k.cells > 0 ? k.cells : 23;
  const image::Surface surface = measured(trained.net, loss, plane, "one random direction", "another");
  const image::Way here{"o: the trained weights", zeros({1, 2}, f64)};
  fmt::print("{}", image::text_surface(surface, here));
  fmt::print("  loss {:.4g} of {} examples\n", loss().item(), batch.images.size(0));
  write(out, fmt::format("Loss around {}", model), surface, {here});
}

}  // namespace

void add_surface_keys(KeySet& app, SurfaceKeys& k) {
  app.add_option("--lr", k.rates, "surface: learning rates of descent, with commas between")->delimiter(',');
  app.add_option("--steps", k.steps, "surface: of each descent")->check(between(1, 100'000));
  app.add_option("--examples", k.examples, "surface: to measure the loss with (0: 512, of a run 256)")
      ->check(at_least(0));
  app.add_option("--cells", k.cells, "surface: points to either side (0: 92, of a run 23)")
      ->check(between(0, 1000));
  app.add_option("--seed", k.seed, "surface: of the first weights, of the directions");
}

void plot_surface(const SurfaceKeys& keys, const std::string& model, const std::string& data, double range,
                  const std::string& out) {
  if (model.empty())
    throw UsageError("plot surface wants a network: data=miles model=mlp:1-1, or model=runs/train/1");
  if (is_there(model) || train::names_shipped_model(model)) around_run(keys, model, data, range, out);
  else two_parameters(keys, model, data, out);
}

}  // namespace fovea::cli
