// `fovea models`: the trained networks that come with fovea.
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/figure.h"
#include "cli/train_keys.h"

namespace fovea::cli {
namespace {

struct Keys {
  std::string name;
  bool json = false;
};

struct Model {
  std::string name;
  train::ModelCard card;
  int64_t parameters = 0;
};

Model model_of(const std::string& name) {
  const train::Checkpoint c = train::load_checkpoint(name);
  check(c.card.origin.has_value(), "{} does not say where it comes from: `fovea pack` writes that", c.file);
  Model m{name, c.card};
  for (const auto& [parameter, tensor] : c.weights) m.parameters += tensor.numel();
  return m;
}

/// The command that trains it, without what is usual anyway.
std::string command_of(const train::Origin& origin) {
  KeySet app;
  TrainKeys keys;
  define_keys(app, keys);
  std::string words = "fovea train";
  for (const auto& [key, text] : origin.recipe) {
    const Key* known = app.find(key);
    if (!known || (known->text() == text && key != "data")) continue;
    const char* quote = text.find(' ') == text.npos ? "" : "\"";
    words += fmt::format(" {}={}{}{}", key, quote, text, quote);
  }
  return words;
}

void print_json(const std::vector<Model>& models) {
  auto list = nlohmann::ordered_json::array();
  for (const Model& m : models) {
    const train::Origin& o = *m.card.origin;
    list.push_back({{"name", m.name},
                    {"model", m.card.model},
                    {"data", m.card.data},
                    {"values", m.parameters},
                    {o.figure.name, o.figure.value},
                    {"examples", o.figure.examples},
                    {"recipe", o.recipe},
                    {"train_data", o.train_data},
                    {"val_data", o.val_data}});
  }
  fmt::print("{}\n", list.dump(2));
}

void print_table(const std::vector<Model>& models) {
  size_t widest = 4;
  for (const Model& m : models) widest = std::max(widest, m.name.size());
  fmt::print("{:<{}}  {:>9}  figure\n", "name", widest, "values");
  for (const Model& m : models)
    fmt::print("{:<{}}  {:>9}  {}\n", m.name, widest, thousands(m.parameters),
               text_of(m.card.origin->figure));
  fmt::print("\n{} predict model={} source=digit.png\n", program_name(), models[0].name);
}

void print_one(const Model& m) {
  const train::Origin& o = *m.card.origin;
  fmt::print("{}", aligned({{"name", m.name},
                            {"model", m.card.model},
                            {"input", m.card.input.str()},
                            {"classes", fmt::format("{}", fmt::join(m.card.classes, ", "))},
                            {"values", thousands(m.parameters)},
                            {"figure", text_of(o.figure)},
                            {"recipe", command_of(o)},
                            {"learned from", "data with the MD5 sum " + o.train_data},
                            {"measured on", "data with the MD5 sum " + o.val_data}}));
}

int run(const Keys& k) {
  std::vector<Model> models;
  for (const std::string& name : k.name.empty() ? train::shipped_models() : std::vector{k.name})
    models.push_back(model_of(name));
  check(!models.empty(), "no trained models are here: set FOVEA_MODELS to the folder models/");
  if (k.json) print_json(models);
  else if (k.name.empty()) print_table(models);
  else print_one(models[0]);
  return 0;
}

}  // namespace

const Command models_command{
    "models", "the trained networks that come with fovea, usable by name wherever a run is",
    "  fovea models\n"
    "  fovea models lenet5@mnist                       # how it was trained\n"
    "  fovea val model=lenet5@mnist                    # measures the stated figure again\n"
    "  fovea train data=digits/ model=lenet5 pretrained=lenet5@mnist\n",
    [](KeySet& app) -> std::function<int()> {
      auto k = std::make_shared<Keys>();
      app.add_option("name,--name", k->name, "one of them: all that is known of it");
      app.add_flag("--json", k->json, "as JSON");
      return [k] { return run(*k); };
    }};

}  // namespace fovea::cli
