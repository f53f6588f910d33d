#include "cli/setup.h"

#include <unistd.h>

#include <filesystem>
#include <future>

#include "base/file.h"
#include "base/text.h"
#include "cli/keys.h"
#include "fovea/init.h"
#include "fovea/zoo.h"

namespace fovea::cli {

void add_kernel_keys(KeySet& app, ComputeKeys& keys) {
  app.add_option("--precision", keys.precision, "of f32: high (quicker, a digit less) or highest")
      ->check(one_of({"high", "highest"}));
  app.add_option("--threads", keys.threads, "of the kernels (0: all processors); results do not depend on it")
      ->check(between(0, 4096));
}

void add_compute_keys(KeySet& app, ComputeKeys& keys) {
  app.add_option("--device", keys.device, "where to compute; `fovea devices` lists them");
  app.add_option("--dtype", keys.dtype, "of weights and activations: f32 or f64")
      ->check(one_of({"f32", "f64"}));
  add_kernel_keys(app, keys);
  app.add_option("--workers", keys.workers,
                 "threads that decode ahead, auto or 0 to 256; results do not depend on it")
      ->check([](const std::string& text) -> std::string {
        if (text == "auto") return "";
        const bool number =
            !text.empty() && text.size() <= 3 && text.find_first_not_of("0123456789") == text.npos;
        return number && std::stoi(text) <= 256 ? "" : fmt::format("{} is neither auto nor in 0..256", text);
      });
}

int ComputeKeys::worker_count() const { return workers == "auto" ? data::auto_workers : std::stoi(workers); }

Device use(const ComputeKeys& keys) {
  set_num_threads(keys.threads);
  set_precision(keys.precision == "highest" ? Precision::highest : Precision::high);
  return Device::parse(keys.device);
}

void set_default(KeySet& app, const std::string& key, const std::string& text) {
  Key* known = app.find(key);
  if (!known->given()) known->set(text);
}

bool given(const KeySet& app, const std::string& key) { return app.find(key)->given(); }

void add_file_keys(KeySet& app, FileKeys& keys) {
  app.add_option("--channels", keys.channels,
                 "of image files: 1 gray, 3 RGB, 4 CMYK or with alpha (0: gray, RGB or channels as they are)")
      ->check(at_least(0));
  app.add_option("--depth", keys.depth, "of image files: 16 or 32 bits at least (0: that of the deepest)");
  app.add_option(
      "--frames", keys.frames,
      "of files with several: first, a number, each (an example of its own), channels (of one picture); of "
      "videos: how many of each, each, or channels:8 for clips of 8 as one picture");
}

void add_views_key(KeySet& app, std::string& augment) {
  app.add_option("--augment", augment,
                 "average over views: true (mirrored), flips, five_crop, ten_crop (test-time augmentation)")
      ->check(one_of({"false", "true", "flips", "five_crop", "ten_crop"}));
}

data::OpenOptions open_options(const FileKeys& keys) {
  data::OpenOptions o;
  o.channels = int(keys.channels), o.depth = keys.depth;
  if (!keys.frames.empty()) o.frames = data::parse_frames(keys.frames);
  return o;
}

data::OpenOptions open_options(const train::ModelCard& card) {
  data::OpenOptions o;
  if (card.input.size() == 3) o.channels = int(card.input[0]), o.imgsz = card.input[1];
  o.format = card.pictures;
  o.task = card.task;
  if (card.task == data::Task::transcribe) o.alphabet = card.classes;
  return o;
}

void check_views(train::Views views, const train::ModelCard& card) {
  check(views == train::Views::one || !zoo::is_unsupervised(card.model),
        "augment= averages probabilities of classes, but {} is {}", card.model,
        zoo::is_energy_model(card.model) ? "an energy model" : "a generative network");
  check(views == train::Views::one || card.task == data::Task::classify,
        "augment= averages probabilities of classes, but this network was trained to {}", name_of(card.task));
}

DataSplits open_splits(const std::string& what, const data::OpenOptions& options) {
  auto val =
      std::async(std::launch::async, [&] { return data::open_dataset(what, data::Split::val, options); });
  auto train = data::open_dataset(what, data::Split::train, options);
  return {std::move(train), val.get()};
}

std::string DataSplits::describe() const {
  const std::string facts = train->describe();  // "MNIST train  60,000 examples  28x28x1 u8  10 classes"
  const std::string before = fmt::format("{} {}  {} examples", train->name(), data::name_of(train->split()),
                                         thousands(train->size()));
  check(facts.starts_with(before), "a data set describes itself as '{}'", facts);
  return fmt::format("{}  {} train / {} test{}", train->name(), thousands(train->size()),
                     thousands(val->size()), facts.substr(before.size()));
}

Trained load_trained(const std::string& path, const ComputeKeys& keys) {
  train::Checkpoint c = train::load_checkpoint(path);
  check(!c.card.model.empty() && !c.card.input.empty() && !c.card.classes.empty(),
        "{} does not say which network it holds: only files that `fovea train` wrote can be used by name",
        c.file);
  const init::Skip loaded_next;
  nn::AnyModule net = zoo::make(c.card.model, {int64_t(c.card.classes.size()), c.card.input});
  try {
    net.load_state_dict(c.weights);
  } catch (const Error& e) {
    fail("{}: {}", c.file, e.what());
  }
  net.to(dtype_named(keys.dtype));
  net.eval();
  return {std::move(c), std::move(net)};
}

void check_knows_classes(const Trained& trained) {
  const train::Checkpoint& c = trained.checkpoint;
  check(!zoo::is_energy_model(c.card.model),
        "{} holds the energy model {}, which knows no classes: `fovea val` measures it, and of an rbm or dbn "
        "`fovea train finetune={}` makes a classifier",
        c.file, c.card.model, std::filesystem::path(c.file).parent_path().string());
  check(!zoo::is_generative(c.card.model),
        "{} holds the generative network {}, which knows no classes: `fovea val` measures it", c.file,
        c.card.model);
}

void check_gives(const std::string& model, const data::Dataset& set) {
  const bool strings = set.task() == data::Task::transcribe;
  const bool reads = zoo::info(model).output == zoo::Output::steps;
  check(!reads || strings,
        "{} reads strings, as those of data=digits:5 or of a table with a column text, but {} is a set to {}",
        model, set.name(), name_of(set.task()));
  check(!strings || reads, "{} holds strings, which {} cannot read: model=crnn can", set.name(), model);
}

void add_network_keys(KeySet& app, NetworkKeys& keys) {
  app.add_option(
         "--model", keys.model,
         fmt::format(
             "{}, mlp:SIZES, rbm:HIDDEN, crbm:GROUPS-SIZE-POOL, dbn:SIZES, autoencoder[:SIZES], vae:SIZES, "
             "dcgan[:WIDTH], a run folder, or lenet5@mnist",
             fmt::join(zoo::names(), ", ")))
      ->required();
  app.add_option("--classes", keys.classes, "number of classes (0: the model's own)")->check(at_least(0));
  app.add_option("--imgsz", keys.imgsz, "side of the images (0: the model's own)")->check(at_least(0));
  app.add_option("--channels", keys.channels, "of the images (0: the model's own)")->check(at_least(0));
  app.add_option("--batch", keys.batch, "examples per batch")->check(at_least(1));
}

Network network_of(const NetworkKeys& k) {
  const auto with_batch = [&](Dims input) {
    input.insert(0, k.batch);
    return input;
  };
  if (is_there(k.model) || train::names_shipped_model(k.model)) {
    const Trained trained = load_trained(k.model, {});
    return {trained.net, with_batch(trained.checkpoint.card.input)};
  }
  zoo::Options options{k.classes, zoo::info(k.model).input};
  if (options.input.size() == 3 && k.imgsz > 0) options.input = {options.input[0], k.imgsz, k.imgsz};
  if (options.input.size() == 3 && k.channels > 0) options.input[0] = k.channels;
  return {zoo::make(k.model, options), with_batch(options.input)};
}

std::string program_name() { return ::access("./fovea", X_OK) == 0 ? "./fovea" : "fovea"; }

}  // namespace fovea::cli
