// `fovea train`: from a data set's name to a trained network in a run folder.
#include <csignal>
#include <filesystem>

#include "cli/keys.h"
#include "cli/recipes.h"
#include "cli/setup.h"
#include "fovea/normalize.h"
#include "fovea/random.h"
#include "fovea/sampler.h"
#include "fovea/train.h"
#include "fovea/zoo.h"
#include "train/recipe.h"
#include "train/run_folder.h"

namespace fovea::cli {
namespace {

constexpr int interrupted_code = 130;  // what a shell reports for Ctrl-C

struct Keys {
  std::string data = "mnist", model, resume, pretrained;
  int64_t batch = 64, imgsz = 0;
  FileKeys files;
  std::string augment = "false", normalize = "set";
  std::string cache = "false";
  int64_t cache_side = -1;
  std::string project = "runs/train", name;
  bool exist_ok = false;
  double val = 0.1, mixup = 0, cutmix = 0;
  std::string sampler = "shuffle", task;
  ComputeKeys compute;
  train::TrainerOptions options;
};

/// Keys that say where and how to run, not what to compute: the only ones that may change on resuming.
const std::vector<std::string> free_keys{"resume", "device", "threads", "workers", "max_steps"};

void define_keys(KeySet& app, Keys& k) {
  app.add_option("--data", k.data, "name, name:folder, folder with one folder per class, or synthetic set");
  app.add_option("--model", k.model, fmt::format("{} or mlp:SIZES", fmt::join(zoo::names(), ", ")));
  app.add_option("--batch", k.batch, "examples per batch")->check(at_least(1));
  app.add_option("--imgsz", k.imgsz, "side of the images that the network sees (0: as they are)")
      ->check(at_least(0));
  add_file_keys(app, k.files);
  app.add_option("--augment", k.augment,
                 "true: flips and crops as suit the data set; or transforms: \"usual, RandAugment(2)\"");
  app.add_option("--normalize", k.normalize,
                 "set: mean and deviation of the training set; before it a range that becomes 0..1: "
                 "range:0..4095, window:40/400, percentiles:1..99; or none, or mean:..,std:..");
  app.add_option("--cache", k.cache, "of decoded images: ram, disk (packed into a file, also for later runs)")
      ->check(one_of({"false", "ram", "disk", "true"}));
  app.add_option("--cache_side", k.cache_side,
                 "larger cached images are scaled to this shorter side (0: never; -1: twice what is seen)")
      ->check(at_least(-1));
  app.add_option("--task", k.task, "of a table: classify, multilabel or regress (default: by its columns)")
      ->check(one_of({"classify", "multilabel", "regress"}));
  app.add_option("--val", k.val, "part of the examples for validation, where the set has none of its own")
      ->check(between(0.001, 0.999));
  app.add_option("--sampler", k.sampler,
                 "shuffle, balanced (classes come equally often) or weighted (by a table's column weight)")
      ->check(one_of({"shuffle", "balanced", "weighted"}));
  app.add_option("--mixup", k.mixup, "alpha of MixUp, such as 0.2: batches are blended (0: off)")
      ->check(at_least(0));
  app.add_option("--cutmix", k.cutmix, "alpha of CutMix, such as 1: rectangles are swapped (0: off)")
      ->check(at_least(0));
  train::for_each_setting(k.options, [&](const char* key, auto& field, const char* help) {
    app.add_option(fmt::format("--{}", key), field, help);
  });
  add_compute_keys(app, k.compute);
  app.add_option("--pretrained", k.pretrained, "weights to start from: a run folder or .safetensors file");
  app.add_option("--project", k.project, "folder of the run folders");
  app.add_option("--name", k.name, "of the run folder (default: the first free number)");
  app.add_flag("--exist_ok", k.exist_ok, "write into an existing run folder of that name");
  app.add_option("--resume", k.resume, "run folder to continue, to the same bits as without the break");
}

/// Settings of the run that is resumed take the place of those not given; others than free ones may not be
/// given.
void restore_settings(KeySet& app, const std::string& folder) {
  const std::string file = folder + "/args.json";
  check(std::filesystem::exists(file), "resume={} is no run folder: there is no args.json in it", folder);
  for (const auto& [key, text] : train::load_settings(file)) {
    const Key* known = app.find(key);
    check(known, "{} holds the unknown key {}", file, key);
    const bool is_free = std::find(free_keys.begin(), free_keys.end(), key) != free_keys.end();
    if (known->given() && !is_free && known->text() != text)
      throw UsageError(fmt::format("{} cannot change on resuming: the run has {}={}", key, key, text));
    if (!text.empty()) set_default(app, key, text);
  }
}

/// All keys but those that belong to this process, for args.json; data and model are put there by the
/// Trainer.
train::Settings settings_of(const KeySet& app, const train::TrainerOptions& options) {
  std::vector<std::string> skipped{"data", "model", "resume", "exist_ok"};
  train::for_each_setting(options,
                          [&](const char* key, const auto&, const char*) { skipped.emplace_back(key); });
  train::Settings all;
  for (const Key& key : app.all())
    if (std::find(skipped.begin(), skipped.end(), key.name()) == skipped.end())
      all.emplace_back(key.name(), key.text());
  return all;
}

train::Trainer* active = nullptr;  // for the signal handler
void on_signal(int) {
  if (active) active->stop();
}

/// Ctrl-C and SIGTERM stop `trainer` after its step while alive; a second one ends the program at once.
class StopOnSignal {
 public:
  explicit StopOnSignal(train::Trainer& trainer) {
    active = &trainer;
    struct sigaction action {};
    action.sa_handler = on_signal;
    action.sa_flags = int(SA_RESETHAND);
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
  }
  ~StopOnSignal() {
    ::signal(SIGINT, SIG_DFL);
    ::signal(SIGTERM, SIG_DFL);
    active = nullptr;
  }
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;
};

/// The transforms that `augment` names: the set's own if it is true or false; "usual" before others stands
/// for the random ones of the set.
data::Compose transforms_for(const data::Dataset& set, const std::string& augment) {
  const std::string usual = "usual";
  if (augment == "true" || augment == "false") return set.transforms(augment == "true");
  if (!augment.starts_with(usual)) return data::parse_transforms(augment);
  const std::string rest = augment.substr(usual.size());
  check(rest.empty() || rest.starts_with(","), "augment={}: a comma stands behind usual", augment);
  data::Compose all = set.transforms(true);
  const data::Compose more = data::parse_transforms(rest.empty() ? "" : rest.substr(1));
  for (const auto& step : more.steps()) all.push_back(step);
  return all;
}

std::vector<double> weights_for(const data::Dataset& set, const std::string& sampler) {
  if (sampler == "balanced") return data::balanced_weights(set);
  return sampler == "weighted" ? data::given_weights(set) : std::vector<double>{};
}

/// `like`: the loader of the training set, if this one validates.
data::DataLoader make_loader(const Keys& k, const std::shared_ptr<data::Dataset>& set,
                             const data::DataLoader* like, std::optional<data::Normalization> normalize) {
  const bool training = !like;
  data::LoaderOptions o;
  o.batch = training ? k.batch : std::min(k.batch, set->size());
  o.shuffle = training, o.seed = k.options.seed, o.workers = k.compute.worker_count();
  o.cache = data::cache_named(k.cache), o.cache_side = k.cache_side;
  o.transforms = transforms_for(*set, training ? k.augment : "false");
  o.normalize = std::move(normalize);
  if (training) o.mixup = k.mixup, o.cutmix = k.cutmix, o.weights = weights_for(*set, k.sampler);
  else o.targets = like->targets();
  return data::DataLoader(set, o);
}

void warn(const data::Dataset& set) {
  for (const auto& text : set.warnings()) fmt::print(stderr, "warning: {}: {}\n", set.name(), text);
}

/// What the steps waited for; with advice if that was the data.
void report_waiting(const train::FitResult& r, const data::DataLoader& loader) {
  const double data = r.seconds > 0 ? 100 * r.waited / r.seconds : 0;
  constexpr double much = 10, least_seconds = 1;
  if (data < 1 || r.waited < least_seconds) return;
  fmt::print("steps waited for data {:.0f} % | compute {:.0f} %{}{}\n", data, 100 - data,
             data < much ? "" : ". Data-bound: ", data < much ? "" : loader.advice());
}

/// What to try the network on: a picture to validate with.
std::string source_of(const data::Dataset& val) { return val.has_pictures() ? val.where(0) : "digit.png"; }

int report(const Keys& k, const train::FitResult& r, const data::Dataset& val) {
  const std::string& folder = k.options.folder;
  if (r.why == train::Stop::stopped) {
    fmt::print("stopped after step {}: saved {}      continue: {} train resume={}\n", r.steps, folder,
               program_name(), folder);
    return interrupted_code;
  }
  if (r.why == train::Stop::patience)
    fmt::print("no better epoch than {} in {} epochs: stopped early\n", r.best_epoch, k.options.patience);
  if (r.why == train::Stop::reached)
    fmt::print("reached {:.2f}{} in epoch {}: stopped\n",
               val.task() == data::Task::regress ? r.best_top1 : 100 * r.best_top1,
               val.task() == data::Task::regress ? "" : "%", r.best_epoch);
  std::vector<std::string> files;
  for (const char* name : {r.best_epoch > 0 ? "best.safetensors" : "last.safetensors", "results.csv",
                           "curves.png", "confusion.png"})
    if (std::filesystem::exists(folder + "/" + name)) files.emplace_back(name);
  const bool images = val.example_shape().size() == 3;
  fmt::print("saved {} ({})      next: {} {} model={}{}\n", folder, fmt::join(files, ", "), program_name(),
             images ? "predict" : "val", folder, images ? " source=" + source_of(val) : "");
  return 0;
}

/// The splits, read as `how` says: a range is measured on the training part and then holds for both.
DataSplits open_for(const Keys& k, const data::NormalizeOptions& how) {
  data::OpenOptions options = open_options(k.files);
  options.seed = k.options.seed, options.imgsz = k.imgsz, options.val = k.val;
  if (!k.task.empty()) options.task = data::task_named(k.task);
  DataSplits sets = open_splits(k.data, options);
  if (!how.has_range()) return sets;
  options.format = data::with_range(*sets.train, how);
  return open_splits(k.data, options);
}

int run(KeySet& app, Keys& k) {
  if (!k.resume.empty()) restore_settings(app, k.resume);
  const Device device = use(k.compute);
  const data::NormalizeOptions normalize = data::parse_normalize(k.normalize);
  const DataSplits sets = open_for(k, normalize);
  if (k.model.empty()) set_default(app, "model", default_model(*sets.train));
  const bool own_schedule = given(app, "schedule");
  if (k.resume.empty())
    for (const auto& [key, text] : recipe_for(k.model)) set_default(app, key, text);
  warn(*sets.train);
  data::DataLoader train_loader =
      make_loader(k, sets.train, nullptr, normalize.figures_for(sets.train->example_shape()[0]));
  data::DataLoader val_loader = make_loader(k, sets.val, &train_loader, train_loader.normalization());
  // a set so small goes without the cycle, unless it is asked for
  if (!own_schedule && train_loader.batches() * k.options.max_epochs < train::onecycle_min_steps)
    k.options.schedule = "cosine";
  check(train_loader.example_shape() == val_loader.example_shape(),
        "augment={} makes {}, but validation images are {}: change the size there, or imgsz", k.augment,
        train_loader.example_shape(), val_loader.example_shape());
  fmt::print("data   {}\n", sets.describe());
  if (sets.train->format()) fmt::print("files  {}\n", sets.train->format()->describe());

  manual_seed(k.options.seed);
  const Dims input = train_loader.example_shape();
  nn::AnyModule net = zoo::make(k.model, {int64_t(sets.train->classes().size()), input});
  net.to(dtype_named(k.compute.dtype));
  net.to(device);
  if (!k.pretrained.empty()) net.load_state_dict(train::load_checkpoint(k.pretrained).weights);
  Dims one = input;
  one.insert(0, 1);
  fmt::print("model  {}  {}/image   device {} ({}, {} threads)\n", k.model,
             nn::summary(net, one, dtype_named(k.compute.dtype)).totals(), device.str(), cpu_isa(),
             num_threads());
  std::fflush(stdout);

  k.options.model = k.model, k.options.data = k.data, k.options.resume = !k.resume.empty();
  k.options.more_settings = settings_of(app, k.options);
  train::Trainer checked(k.options);  // before a folder is made
  k.options.folder = k.options.resume ? k.resume : train::make_run_folder(k.project, k.name, k.exist_ok);
  train::Trainer trainer(k.options);
  trainer.add(train::progress_bar(stdout, input.size() == 3 ? "img" : "points"));
  const StopOnSignal guard(trainer);
  const train::FitResult result = trainer.fit(net, train_loader, &val_loader);
  report_waiting(result, train_loader);
  return report(k, result, *sets.val);
}

}  // namespace

const Command train_command{
    "train", "trains a network on a data set",
    "  fovea train data=mnist                          # LeNet-5 learns handwritten digits\n"
    "  fovea train data=cifar10:FOLDER model=resnet20 epochs=10\n"
    "  fovea train data=photos/ imgsz=64               # your own images, one folder per class\n"
    "  fovea train data=photos/ augment=\"RandomResizedCrop(224), RandomHorizontalFlip, RandAugment(2)\"\n"
    "  fovea train data=ages.csv                       # numbers or several labels of a table "
    "(docs/datasets.md)\n"
    "  fovea train data=photos/ mixup=0.2 cutmix=1 sampler=balanced\n"
    "  fovea train data=spiral model=mlp:2-32-32-3 epochs=50\n"
    "  fovea train resume=runs/train/1                 # go on after Ctrl-C\n",
    [](KeySet& app) -> std::function<int()> {
      auto keys = std::make_shared<Keys>();
      define_keys(app, *keys);
      return [&app, keys] { return run(app, *keys); };
    }};

}  // namespace fovea::cli
