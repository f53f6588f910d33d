#include "train/checkpoint.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "fovea/error.h"

namespace fovea::train {
namespace {

using json = nlohmann::ordered_json;

/// Runs `read` on the JSON in `text`; a syntax or type error becomes an Error.
template <class F>
void parse(const std::string& text, const std::string& where, const char* what, const F& read) {
  try {
    read(json::parse(text));
  } catch (const json::exception& e) {
    fail("{}: its entry {} is damaged: {}", where, what, e.what());
  } catch (const Error& e) {
    fail("{}: its entry {} is damaged: {}", where, what, e.what());
  }
}

std::string to_json(const data::PictureFormat& f) {
  auto range = json::array();
  for (const data::Range& r : f.range) range.push_back({r.low, r.high});
  return json{{"color", image::name_of(f.color)},
              {"channels", f.channels},
              {"dtype", name_of(f.dtype)},
              {"values", f.values},
              {"frames", f.frames.describe()},
              {"range", range},
              {"window", f.own_window}}
      .dump();
}

data::PictureFormat format_from_json(const json& j) {
  data::PictureFormat f;
  f.color = image::color_named(j.at("color"));
  f.channels = j.at("channels");
  f.dtype = dtype_named(j.at("dtype").get<std::string>());
  f.values = j.at("values"), f.own_window = j.at("window");
  f.frames = data::parse_frames(j.at("frames"));
  for (const json& r : j.at("range")) f.range.push_back({r.at(0), r.at(1)});
  const bool deep = f.dtype == f32, ranged = !f.range.empty() || f.own_window;
  check(f.channels > 0 && (deep || f.dtype == u8 || f.dtype == u16) && (deep || !(f.values || ranged)),
        "there are no pictures of {}", f.describe());
  return f;
}

std::string to_json(const Figure& f) {
  return json{{"name", f.name}, {"value", f.value}, {"examples", f.examples}}.dump();
}

/// The entries of a card that `origin` fills.
Metadata to_metadata(const Origin& origin) {
  json recipe = json::object();
  std::string seed;
  for (const auto& [key, text] : origin.recipe) {
    recipe[key] = text;
    if (key == "seed") seed = text;
  }
  return {{"recipe", recipe.dump()},
          {"seed", seed},
          {"figure", to_json(origin.figure)},
          {"train_data", origin.train_data},
          {"val_data", origin.val_data}};
}

/// Nothing if the weights were not packed.
std::optional<Origin> origin_from(const Metadata& metadata, const std::string& where) {
  const auto text = [&](const char* key) {
    const auto at = metadata.find(key);
    return at == metadata.end() ? std::string() : at->second;
  };
  if (text("figure").empty()) return {};
  Origin origin;
  origin.train_data = text("train_data"), origin.val_data = text("val_data");
  parse(text("figure"), where, "figure", [&](const json& j) {
    origin.figure = {j.at("name"), j.at("value"), j.at("examples")};
  });
  parse(text("recipe"), where, "recipe", [&](const json& j) {
    for (const auto& [key, value] : j.items()) origin.recipe.emplace_back(key, value.get<std::string>());
  });
  return origin;
}

std::string to_json(const TrainState& s) {
  json outputs = json::array();
  for (const OutputSums& o : s.running.outputs)
    outputs.push_back({o.hits, o.false_alarms, o.misses, o.error, o.squares, o.truth, o.truth_sq});
  return json{{"epoch", s.epoch},
              {"batch", s.batch},
              {"step", s.step},
              {"examples", s.running.examples},
              {"correct1", s.running.correct1},
              {"correct5", s.running.correct5},
              {"loss_sum", s.running.loss_sum},
              {"characters", s.running.characters},
              {"edits", s.running.edits},
              {"outputs", outputs},
              {"sums", s.sums},
              {"best", s.best},
              {"best_epoch", s.best_epoch},
              {"epochs_without_better", s.epochs_without_better},
              {"seconds", s.seconds}}
      .dump();
}

}  // namespace

Metadata ModelCard::to_metadata() const {
  Metadata all{{"format", "fovea"},
               {"model", model},
               {"data", data},
               {"input", json(input.vec()).dump()},
               {"transforms", transforms},
               {"augment", augment},
               {"classes", json(classes).dump(-1, ' ', false, json::error_handler_t::replace)},
               {"mean", json(normalization.mean).dump()},
               {"std", json(normalization.std).dump()},
               {"task", name_of(task)},
               {"target_mean", json(targets.mean).dump()},
               {"target_std", json(targets.std).dump()}};
  if (pictures) all.emplace("pictures", to_json(*pictures));
  if (origin) all.merge(fovea::train::to_metadata(*origin));
  return all;
}

ModelCard ModelCard::from_metadata(const Metadata& metadata, const std::string& where) {
  ModelCard card;
  for (const auto& [key, text] : metadata) {
    if (key == "model") card.model = text;
    else if (key == "data") card.data = text;
    else if (key == "input")
      parse(text, where, "input", [&](const json& j) { card.input = Dims(j.get<std::vector<int64_t>>()); });
    else if (key == "transforms") card.transforms = text;
    else if (key == "augment") card.augment = text;
    else if (key == "classes") parse(text, where, "classes", [&](const json& j) { j.get_to(card.classes); });
    else if (key == "pictures")
      parse(text, where, "pictures", [&](const json& j) { card.pictures = format_from_json(j); });
    else if (key == "mean")
      parse(text, where, "mean", [&](const json& j) { j.get_to(card.normalization.mean); });
    else if (key == "std")
      parse(text, where, "std", [&](const json& j) { j.get_to(card.normalization.std); });
    else if (key == "task") card.task = data::task_named(text);
    else if (key == "target_mean")
      parse(text, where, "target_mean", [&](const json& j) { j.get_to(card.targets.mean); });
    else if (key == "target_std")
      parse(text, where, "target_std", [&](const json& j) { j.get_to(card.targets.std); });
  }
  card.origin = origin_from(metadata, where);
  const size_t channels = card.input.empty() ? 0 : size_t(card.input[0]);
  for (const auto* list : {&card.normalization.mean, &card.normalization.std})
    check(list->empty() || list->size() == channels,
          "{}: mean and std want one entry for each of {} channels", where, channels);
  const size_t numbers = card.task == data::Task::regress ? card.classes.size() : 0;
  check(card.targets.mean.size() == numbers && card.targets.std.size() == numbers,
        "{}: target_mean and target_std want one entry for each of {} numbers", where, numbers);
  return card;
}

Checkpoint load_checkpoint(const std::string& path) {
  std::string file = names_shipped_model(path) ? shipped_model_file(path) : path;
  if (std::filesystem::is_directory(path)) {
    file = (std::filesystem::path(path) / "best.safetensors").string();
    if (!std::filesystem::exists(file)) file = (std::filesystem::path(path) / "last.safetensors").string();
    check(std::filesystem::exists(file), "{} holds neither best.safetensors nor last.safetensors", path);
  }
  NamedTensors weights = only_weights(load_safetensors(file));
  return {file, ModelCard::from_metadata(safetensors_metadata(file), file), std::move(weights)};
}

TrainState load_state(const std::string& path) {
  const Metadata metadata = safetensors_metadata(path);
  const auto text = metadata.find("state");
  check(text != metadata.end(), "{} holds weights but no state to resume from", path);
  TrainState s;
  parse(text->second, path, "state", [&](const json& j) {
    s.epoch = j.at("epoch"), s.batch = j.at("batch"), s.step = j.at("step");
    s.running.examples = j.at("examples"), s.running.loss_sum = j.at("loss_sum");
    s.running.correct1 = j.at("correct1"), s.running.correct5 = j.at("correct5");
    s.running.characters = j.value("characters", 0), s.running.edits = j.value("edits", 0);
    s.best = j.at("best"), s.best_epoch = j.at("best_epoch"), s.seconds = j.at("seconds");
    s.epochs_without_better = j.at("epochs_without_better");
    s.sums = j.value("sums", std::vector<double>{});
    for (const json& o : j.value("outputs", json::array()))
      s.running.outputs.push_back({o.at(0), o.at(1), o.at(2), o.at(3), o.at(4), o.at(5), o.at(6)});
  });
  check(s.epoch >= 0 && s.batch >= 0 && s.step >= 0, "{}: its entry state counts below zero", path);
  return s;
}

void save_resumable(const std::string& path, NamedTensors weights, const std::vector<Part>& parts,
                    const ModelCard& card, const TrainState& state) {
  for (const auto& [prefix, tensors] : parts)
    for (const auto& [name, t] : tensors) weights.emplace_back(prefix + name, t);
  Metadata metadata = card.to_metadata();
  metadata["state"] = to_json(state);
  save_safetensors(path, weights, metadata);
}

NamedTensors only_prefix(const std::string& prefix, const NamedTensors& tensors) {
  NamedTensors out;
  for (const auto& [name, t] : tensors)
    if (name.starts_with(prefix)) out.emplace_back(name.substr(prefix.size()), t);
  return out;
}

NamedTensors only_weights(const NamedTensors& tensors) {
  NamedTensors out;
  for (const auto& [name, t] : tensors)
    if (name.find('/') == name.npos) out.emplace_back(name, t);
  return out;
}

}  // namespace fovea::train
