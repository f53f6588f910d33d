// `fovea perceptron`: Rosenblatt's rule on any data, and the proof that it ends or never does.
#include <limits>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/plane.h"
#include "fovea/nn/perceptron.h"

namespace fovea::cli {
namespace {

struct Keys {
  std::string data, out;
  nn::PerceptronOptions options;
  bool json = false;
};

/// What is known of one class against the others.
struct Unit {
  std::string name;
  nn::PerceptronCourse course;
  std::optional<nn::Separability> line;  // none where looking for it would take long
  double bound = std::numeric_limits<double>::infinity();
};

constexpr int64_t most_numbers = 500'000;  // in the examples, to look for lines between them

std::vector<Unit> units_of(const nn::PerceptronResult& result, const Table& table, const Tensor& y,
                           const std::vector<std::string>& classes) {
  std::vector<Unit> units;
  for (size_t i = 0; i < result.units.size(); ++i) {
    const size_t one = result.units.size() == 1 ? 1 : i;
    Unit unit{.name = classes[one], .course = result.units[i], .line = {}};
    if (table.x.numel() <= most_numbers) {
      unit.line = nn::separability(table.x, y, int64_t(one));
      unit.bound = nn::novikoff_bound(table.x, y, int64_t(one));
    }
    units.push_back(std::move(unit));
  }
  return units;
}

void print(const Unit& u) {
  const nn::PerceptronCourse& c = u.course;
  const std::string end =
      c.converged ? "converged"
      : c.cycle   ? fmt::format("never ends: the weights after epoch {} are those after epoch {}{}",
                                c.cycle->epoch, c.cycle->epoch - c.cycle->length,
                              c.cycle->proven ? " (proven)" : " (as rounded numbers)")
                  : "not converged";
  const std::string bound = std::isfinite(u.bound) ? fmt::format(" of at most {:.0f}", u.bound) : "";
  fmt::print("class {}  {} epochs, {} updates{}: {}\n", u.name, c.epochs, c.updates, bound, end);
  if (u.line) fmt::print("         {}\n", u.line->describe());
}

void print_json(const nn::PerceptronResult& result, const std::vector<Unit>& units) {
  nlohmann::ordered_json all{
      {"examples", result.examples}, {"errors", result.errors}, {"converged", result.converged()}};
  all["units"] = nlohmann::ordered_json::array();
  for (const Unit& u : units) {
    nlohmann::ordered_json one{{"class", u.name},
                               {"converged", u.course.converged},
                               {"epochs", u.course.epochs},
                               {"updates", u.course.updates}};
    if (u.course.cycle)
      one["cycle"] = {{"epoch", u.course.cycle->epoch},
                      {"length", u.course.cycle->length},
                      {"proven", u.course.cycle->proven}};
    if (u.line) one["separable"] = u.line->separable;
    if (std::isfinite(u.bound)) one["bound"] = u.bound;
    all["units"].push_back(std::move(one));
  }
  fmt::print("{}\n", all.dump(2));
}

int run(const Keys& k) {
  const auto set = data::open_dataset(k.data, data::Split::train);
  check(set->task() == data::Task::classify, "a perceptron tells classes apart, but {} has none", k.data);
  const Table table = table_of(*set, set->size());
  const Tensor y = Tensor::of<int64_t>(table.labels);
  const auto classes = int64_t(set->classes().size());
  const nn::Perceptron units(table.x.size(1), classes == 2 ? 1 : classes);
  const nn::PerceptronResult result = nn::learn_perceptron(units, table.x, y, k.options);
  const auto all = units_of(result, table, y, set->classes());
  if (k.json) return print_json(result, all), 0;
  fmt::print("data     {}\n", set->describe());
  for (const Unit& u : all) print(u);
  fmt::print("{} of {} examples wrong\n", result.errors, result.examples);
  const auto classify = [&](const Tensor& points) { return units.classify(points); };
  if (table.x.size(1) == 2) show_plane(table, classify, fmt::format("perceptron on {}", k.data), k.out);
  else
    check(k.out.empty(), "out= draws the plane, but an example of {} has {} numbers", k.data,
          table.x.size(1));
  return 0;
}

}  // namespace

const Command perceptron_command{
    "perceptron",
    "a perceptron learns by Rosenblatt's rule; whether a line separates the classes, and why not",
    "  fovea perceptron data=truth:0001              # AND; truth:0110 is XOR\n"
    "  fovea perceptron data=line out=line.png\n"
    "  fovea perceptron data=mnist rule=pocket max_epochs=3\n",
    [](KeySet& app) -> std::function<int()> {
      auto k = std::make_shared<Keys>();
      app.add_option("data,--data", k->data, "as in `fovea train`, or a truth table: truth:0110")->required();
      app.add_option("--rule", k->options.rule,
                     "plain, averaged (mean of all weights), pocket (fewest errors)")
          ->check(one_of({"plain", "averaged", "pocket"}));
      app.add_option("--max_epochs", k->options.max_epochs, "passes over the examples")->check(at_least(1));
      app.add_flag("--shuffle", k->options.shuffle, "another order in each epoch");
      app.add_option("--seed", k->options.seed, "of the order");
      app.add_option("--out", k->out, "picture of the plane to write: .png, .svg, .jpg");
      app.add_flag("--json", k->json, "for machines");
      return [k] { return run(*k); };
    }};

}  // namespace fovea::cli
