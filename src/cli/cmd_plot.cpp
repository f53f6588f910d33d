// `fovea plot`: activation functions with their derivatives, which class a network takes each point of a
// plane for, and the loss over two parameters.
#include <filesystem>

#include "base/file.h"
#include "cli/plane.h"
#include "cli/plot_surface.h"
#include "cli/setup.h"
#include "cli/validation.h"
#include "fovea/autograd.h"
#include "fovea/op.h"
#include "fovea/ops.h"
#include "fovea/random.h"
#include "fovea/zoo.h"
#include "train/terminal.h"

namespace fovea::cli {
namespace {

struct Keys {
  std::string what, activation, model, data, out;
  double range = 0;  // 5 for activations, 1 around trained weights
  SurfaceKeys surface;
};

double range_of(const Keys& k) { return k.range > 0 ? k.range : 5; }

struct Curves {
  std::string title;
  image::Series value, derivative;
};

Curves curves_of(const std::string& name, double range) {
  constexpr int64_t points = 361;
  const nn::AnyModule activation = nn::make_activation(name);
  activation.to(f64);
  std::vector<double> x;
  for (int64_t i = 0; i < points; ++i) x.push_back(range * (2 * double(i) / double(points - 1) - 1));
  const Tensor in = Tensor::of<double>(x).set_requires_grad();
  const Tensor y = activation(in);
  const Tensor slope = y.requires_grad() ? grad(sum(y), {in})[0] : zeros(in.shape(), f64);
  const std::string title = activation.describe();
  return {title,
          {"f(x)", x, y.detach().to_vector<double>(), ""},
          {"f'(x)", x, slope.detach().to_vector<double>(), ""}};
}

void plot_one(const std::string& name, const Keys& k) {
  const auto [title, value, derivative] = curves_of(name, range_of(k));
  const std::string op = name.substr(0, name.find(':'));
  const int columns = std::clamp(train::terminal_of(stdout).columns - 12, 40, 100);
  fmt::print("{}: {}\n{}{}", title, find_op(op).doc, image::text_curve(value, columns),
             image::text_curve(derivative, columns));
  if (k.out.empty()) return;
  image::plot_curves(k.out, title, "x", {value, derivative});
  fmt::print("wrote {}\n", k.out);
}

/// All in one picture, and a line for each.
void plot_all(const Keys& k) {
  std::vector<image::Series> series;
  for (std::string name : nn::activation_names()) {
    fmt::print("{:<12} {}\n", name, find_op(name).doc);
    if (name == "threshold") name += ":1,-1";  // it has no usual numbers
    auto [title, value, derivative] = curves_of(name, range_of(k));
    value.axis = derivative.axis = title;
    series.push_back(std::move(value)), series.push_back(std::move(derivative));
  }
  if (k.out.empty()) return;
  image::plot_panels(k.out, "Activations (blue) and their derivatives (orange)", series);
  fmt::print("wrote {}\n", k.out);
}

struct Subject {
  nn::AnyModule net;
  std::shared_ptr<data::Dataset> set;
  data::Normalization normalization = {};
};

Subject subject_of(const Keys& k) {
  if (is_there(k.model) || train::names_shipped_model(k.model)) {
    const Trained t = load_trained(k.model, {});
    return {t.net, open_validation(t, k.data), t.checkpoint.card.normalization};
  }
  manual_seed(0);
  const nn::AnyModule net = zoo::make(k.model);
  const std::string data = k.data.empty() && k.model == "xor_by_hand" ? "truth:0110" : k.data;
  if (data.empty())
    throw UsageError(fmt::format("which data? give data=, as in data=xor, with model={}", k.model));
  net.eval();
  return {net, data::open_dataset(data, data::Split::val)};
}

/// The largest output; of a single one whether it is nearer to 1 than to 0.
Tensor classes_of(const Subject& s, const Tensor& points) {
  const NoGrad guard;
  Tensor x = points;
  if (s.normalization.mean.size() == 2)
    x = div(sub(x, Tensor::of<float>(s.normalization.mean)), Tensor::of<float>(s.normalization.std));
  const Tensor y = s.net(x);
  return y.size(1) == 1 ? reshape(greater(y, full({1}, 0.5)), {-1}).to(i64) : argmax(y, 1);
}

void plot_boundary(const Keys& k) {
  if (k.model.empty())
    throw UsageError("plot boundary wants a network: model=runs/train/1 or model=xor_by_hand");
  const Subject s = subject_of(k);
  check(s.set->example_shape() == Dims{2},
        "a boundary is drawn in the plane: {} has examples {}, not two numbers", s.set->name(),
        s.set->example_shape());
  const Table table = table_of(*s.set, 500);
  const auto classify = [&](const Tensor& points) { return classes_of(s, points); };
  const auto guessed = classify(table.x).to_vector<int64_t>();
  int64_t right = 0;
  for (size_t i = 0; i < guessed.size(); ++i) right += guessed[i] == table.labels[i];
  show_plane(table, classify, fmt::format("{} on {}", k.model, s.set->name()), k.out);
  fmt::print("{} of {} examples on their side\n", right, guessed.size());
}

int run(const Keys& k) {
  if (k.what.empty() == k.activation.empty())
    throw UsageError(
        "plot wants one of: activation=elu (or all), boundary model=runs/train/1, surface "
        "model=runs/train/1");
  if (k.what == "boundary") plot_boundary(k);
  else if (k.what == "surface") plot_surface(k.surface, k.model, k.data, k.range > 0 ? k.range : 1, k.out);
  else if (k.activation == "all") plot_all(k);
  else plot_one(k.activation, k);
  return 0;
}

}  // namespace

const Command plot_command{
    "plot", "activations with their derivatives; the boundary between classes; the loss and descent on it",
    "  fovea plot activation=elu\n  fovea plot activation=leaky_relu:0.1 out=leaky.svg\n"
    "  fovea plot activation=all out=activations.png\n"
    "  fovea plot boundary model=xor_by_hand\n  fovea plot boundary model=runs/train/1 out=boundary.png\n"
    "  fovea plot surface data=miles model=mlp:1-1 out=descent.png  # gradient descent on two parameters\n"
    "  fovea plot surface model=lenet5@mnist out=valley.png         # the loss around a trained network\n",
    [](KeySet& app) -> std::function<int()> {
      auto k = std::make_shared<Keys>();
      app.add_option("what,--what", k->what, "boundary or surface, where no activation is given")
          ->check(one_of({"boundary", "surface"}));
      app.add_option("--activation", k->activation, "as in activation=leaky_relu:0.1; all: every one");
      app.add_option("--range", k->range,
                     "activations are drawn from -range to range (default 5), the loss so far around a run "
                     "(default 1)")
          ->check(between(1e-3, 1e6));
      app.add_option("--model", k->model,
                     "of the boundary or surface: a run folder, a model that ships, or a network by name");
      app.add_option("--data", k->data,
                     "whose examples are drawn or measured (default: what the run learned)");
      app.add_option("--out", k->out, "picture to write: .png, .svg, .jpg");
      add_surface_keys(app, k->surface);
      return [k] { return run(*k); };
    }};

}  // namespace fovea::cli
