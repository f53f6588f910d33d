#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "fovea/data.h"

namespace fovea::cli {
namespace {

nlohmann::ordered_json json_of(const data::Dataset& set, const data::Summary& s) {
  nlohmann::ordered_json classes = nlohmann::ordered_json::object();
  for (size_t i = 0; i < s.classes.size(); ++i) classes[s.classes[i]] = s.counts[i];
  return {{"name", set.name()},
          {"split", data::name_of(set.split())},
          {"examples", set.size()},
          {"shape", set.example_shape().vec()},
          {"dtype", name_of(set.dtype())},
          {"classes", classes},
          {"mean", s.normalization.mean},
          {"std", s.normalization.std},
          {"warnings", s.warnings}};
}

int run(const std::string& what, uint64_t seed, bool json) {
  auto list = nlohmann::ordered_json::array();
  for (const auto split : {data::Split::train, data::Split::val}) {
    const auto set = data::open_dataset(what, split, {.seed = seed});
    const auto summary = data::summary(*set);
    if (json) list.push_back(json_of(*set, summary));
    else fmt::print("{}\n", summary.str());
  }
  if (json) fmt::print("{}\n", list.dump(2));
  return 0;
}

}  // namespace

const Command data_command{
    "data", "what a data set holds: examples, classes, mean and deviation, oddities",
    "  fovea data mnist\n  fovea data cifar10:FOLDER\n  fovea data photos/       # a folder with one folder "
    "per class\n"
    "  fovea data spiral:500    # a synthetic set\n",
    [](CLI::App& app) -> std::function<int()> {
      auto what = std::make_shared<std::string>();
      auto seed = std::make_shared<uint64_t>(0);
      auto json = std::make_shared<bool>(false);
      app.add_option("data,--data", *what, "name, name:folder, folder or synthetic set")->required();
      app.add_option("--seed", *seed, "of synthetic sets and of the part split off for validation");
      app.add_flag("--json", *json, "as JSON");
      return [=] { return run(*what, *seed, *json); };
    }};

}  // namespace fovea::cli
