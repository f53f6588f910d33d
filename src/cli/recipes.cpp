#include "cli/recipes.h"

#include "fovea/zoo.h"

namespace fovea::cli {
namespace {

struct Recipe {
  const char* prefix;  // of the model's name
  train::Settings settings;
};

/// Gaussian visible units learn at a lower rate and want normalised data (Hinton 2010, section 13.2).
/// Persistent chains must keep up with the weights: a rate that falls to 0 (Tieleman 2008), and little
/// momentum. Filters that share their weights learn all the same unless their units are rarely on.
train::Settings energy_recipe(const std::string& model, bool persistent) {
  const bool gaussian = zoo::visible_units(model) == rbm::Units::gaussian, conv = model.starts_with("crbm");
  train::Settings all{{"epochs", "10"},
                      {"batch", "100"},
                      {"lr0", gaussian ? "0.005"
                              : conv   ? "0.01"
                                       : "0.1"},
                      {"schedule", persistent ? "linear" : "constant"},
                      {"momentum", persistent ? "0.5" : "0.9"},
                      {"weight_decay", "0.0002"},
                      {"normalize", gaussian ? "set" : "none"}};
  if (conv) all.insert(all.end(), {{"sparsity", "0.003"}, {"sparsity_cost", "5"}});
  return all;
}

train::Settings row_reader(const char* lr0) {
  return {{"epochs", "10"},         {"batch", "100"}, {"optimizer", "adam"}, {"lr0", lr0},
          {"schedule", "onecycle"}, {"clip", "1"},    {"weight_decay", "0"}};
}

/// Kingma and Ba's usual Adam for autoencoders; Radford et al. 2015, section 4, for adversarial pairs, whose
/// images lie in [-1, 1].
train::Settings generative_recipe(const std::string& model) {
  const bool gan = model.starts_with("dcgan");
  const bool bits = !gan && zoo::visible_units(model) == rbm::Units::bernoulli;
  return {{"epochs", "10"},         {"batch", gan ? "128" : "100"},
          {"optimizer", "adam"},    {"lr0", gan ? "0.0002" : "0.001"},
          {"schedule", "constant"}, {"momentum", gan ? "0.5" : "0.9"},
          {"weight_decay", "0"},    {"normalize", gan ? "mean:0.5,std:0.5" : bits ? "none" : "set"}};
}

const Recipe recipes[] = {
    {"lenet5",
     {{"epochs", "5"},
      {"batch", "64"},
      {"lr0", "0.1"},
      {"label_smoothing", "0.1"},
      {"schedule", "onecycle"}}},
    {"resnet",
     {{"epochs", "10"}, {"batch", "128"}, {"lr0", "0.4"}, {"weight_decay", "0.0005"}, {"augment", "true"}}},
    // Krizhevsky et al. 2012, section 5: a tenth each time the validation stops to improve, 90 epochs
    {"alexnet",
     {{"epochs", "90"},
      {"batch", "128"},
      {"lr0", "0.01"},
      {"weight_decay", "0.0005"},
      {"schedule", "plateau"}}},
    {"zfnet",
     {{"epochs", "70"},
      {"batch", "128"},
      {"lr0", "0.01"},
      {"weight_decay", "0.0005"},
      {"schedule", "plateau"}}},
    // Simonyan and Zisserman 2014, section 3.1
    {"vgg",
     {{"epochs", "74"},
      {"batch", "64"},
      {"lr0", "0.01"},
      {"weight_decay", "0.0005"},
      {"schedule", "plateau"}}},
    {"vit",
     {{"epochs", "90"},
      {"optimizer", "adamw"},
      {"lr0", "0.0005"},
      {"weight_decay", "0.05"},
      {"augment", "true"}}},
    {"lstm", row_reader("0.003")},
    {"gru", row_reader("0.003")},
    {"rnn", row_reader("0.001")},
    {"cnn_lstm",
     {{"epochs", "10"},
      {"batch", "16"},
      {"optimizer", "adam"},
      {"lr0", "0.002"},
      {"schedule", "onecycle"},
      {"clip", "1"},
      {"weight_decay", "0"}}},
    {"crnn",
     {{"epochs", "5"},
      {"batch", "64"},
      {"optimizer", "adam"},
      {"lr0", "0.002"},
      {"schedule", "onecycle"},
      {"clip", "5"},
      {"weight_decay", "0"}}},
    {"unet",
     {{"epochs", "30"},
      {"batch", "16"},
      {"optimizer", "adamw"},
      {"lr0", "0.005"},
      {"weight_decay", "0.01"},
      {"augment", "true"}}},
    {"perceptron", {{"epochs", "5"}, {"lr0", "0.01"}, {"weight_decay", "0"}, {"schedule", "cosine"}}},
    {"mlp", {{"epochs", "10"}, {"lr0", "0.05"}, {"schedule", "cosine"}}},
};

}  // namespace

std::string default_model(const data::Dataset& set) {
  if (set.task() == data::Task::transcribe) return "crnn";
  if (set.task() == data::Task::segment) return "unet:16";
  const Dims& shape = set.example_shape();
  if (shape.size() != 3) return fmt::format("mlp:{}-32-32-{}", shape.numel(), set.classes().size());
  return shape[0] == 1 && shape[1] == 28 && shape[2] == 28 ? "lenet5" : "resnet20";
}

void check_model(const std::string& model, const data::Dataset& set) {
  const bool per_pixel = zoo::info(model).output == zoo::Output::pixels,
             masks = set.task() == data::Task::segment;
  check(per_pixel || !masks || zoo::is_energy_model(model) || zoo::is_generative(model),
        "model={} says one thing of a whole picture, but {} has masks: model=unet:16 or unet learns the "
        "class of "
        "each pixel",
        model, set.name());
  check(masks || !per_pixel,
        "model={} learns the class of each pixel, but {} has no masks, it is to {}: model={} fits it", model,
        set.name(), name_of(set.task()), default_model(set));
}

train::Settings recipe_for(const std::string& model, bool persistent) {
  if (zoo::is_energy_model(model)) return energy_recipe(model, persistent);
  if (zoo::is_generative(model)) return generative_recipe(model);
  for (const Recipe& r : recipes)
    if (model.starts_with(r.prefix)) return r.settings;
  return {};
}

}  // namespace fovea::cli
