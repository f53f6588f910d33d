// `fovea train`: from a data set's name to a trained network in a run folder.
#include <csignal>
#include <filesystem>

#include "cli/finetune.h"
#include "cli/keys.h"
#include "cli/recipes.h"
#include "cli/report.h"
#include "cli/train_keys.h"
#include "fovea/normalize.h"
#include "fovea/random.h"
#include "fovea/sampler.h"
#include "fovea/units.h"
#include "fovea/zoo.h"
#include "train/recipe.h"

namespace fovea::cli {
namespace {

constexpr int interrupted_code = 130;  // what a shell reports for Ctrl-C

train::Stoppable* active = nullptr;  // for the signal handler
void on_signal(int) {
  if (active) active->stop();
}

/// Ctrl-C and SIGTERM stop `trainer` after its step while alive; a second one ends the program at once.
class StopOnSignal {
 public:
  explicit StopOnSignal(train::Stoppable& trainer) {
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
data::DataLoader make_loader(const TrainKeys& k, const std::shared_ptr<data::Dataset>& set,
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
void report_waiting(double seconds, double waited, const data::DataLoader& loader) {
  const double data = seconds > 0 ? 100 * waited / seconds : 0;
  constexpr double much = 10, least_seconds = 1;
  if (data < 1 || waited < least_seconds) return;
  fmt::print("steps waited for data {:.0f} % | compute {:.0f} %{}{}\n", data, 100 - data,
             data < much ? "" : ". Data-bound: ", data < much ? "" : loader.advice());
}

/// What to try the network on: a picture to validate with.
std::string source_of(const data::Dataset& val) { return val.has_pictures() ? val.where(0) : "digit.png"; }

/// Of a run that was stopped.
int report_stop(const std::string& folder, int64_t steps) {
  fmt::print("stopped after step {}: saved {}      continue: {} train resume={}\n", steps, folder,
             program_name(), folder);
  return interrupted_code;
}

/// What was saved, and what to do with it.
void report_files(const std::string& folder, const std::vector<std::string>& names, const std::string& next) {
  std::vector<std::string> files;
  for (const auto& name : names)
    if (std::filesystem::exists(folder + "/" + name)) files.emplace_back(name);
  fmt::print("saved {} ({})      next: {} {}\n", folder, fmt::join(files, ", "), program_name(), next);
}

int report(const std::string& folder, const train::FitResult& r, const train::TrainerOptions& o,
           const data::Dataset& val) {
  if (r.why == train::Stop::stopped) return report_stop(folder, r.steps);
  if (r.why == train::Stop::patience)
    fmt::print("no better epoch than {} in {} epochs: stopped early\n", r.best_epoch, o.patience);
  if (r.why == train::Stop::reached)
    fmt::print("reached {:.2f}{} in epoch {}: stopped\n",
               val.task() == data::Task::regress ? r.best_top1 : 100 * r.best_top1,
               val.task() == data::Task::regress ? "" : "%", r.best_epoch);
  const bool images = val.example_shape().size() == 3;
  report_files(folder,
               {r.best_epoch > 0 ? "best.safetensors" : "last.safetensors", "results.csv", "curves.png",
                "confusion.png", "report.html"},
               fmt::format("{} model={}{}", images ? "predict" : "val", folder,
                           images ? " source=" + source_of(val) : ""));
  return 0;
}

/// What to do with a model that learned without labels.
std::string next_step(const std::string& folder, const std::string& model) {
  if (model.starts_with("dbn")) return "train finetune=" + folder;
  return fmt::format("val model={}{}", folder,
                     model.starts_with("rbm")    ? " ais=true"
                     : zoo::is_generative(model) ? " sheet=sheet.png"
                                                 : "");
}

template <class Options>
int report(const std::string& folder, const train::LearningResult& r, const Options& o,
           const data::Dataset&) {
  if (r.why == train::Stop::stopped) return report_stop(folder, r.steps);
  report_files(folder,
               {"last.safetensors", "results.csv", "curves.png", "filters.png", "reconstructions.png",
                "samples.png", "walk.png", "plane.png", "fantasies.png"},
               next_step(folder, o.model));
  return 0;
}

/// The splits, read as `how` says: a range is measured on the training part and then holds for both.
DataSplits open_for(const TrainKeys& k, const data::NormalizeOptions& how) {
  data::OpenOptions options = open_options(k.files);
  options.seed = k.options.seed, options.imgsz = k.imgsz, options.val = k.val;
  if (!k.task.empty()) options.task = data::task_named(k.task);
  DataSplits sets = open_splits(k.data, options);
  if (!how.has_range()) return sets;
  options.format = data::with_range(*sets.train, how);
  return open_splits(k.data, options);
}

void add_progress(train::Trainer& trainer, const char* unit) {
  trainer.add(train::progress_bar(stdout, unit));
}
template <class Options>
void add_progress(train::UnsupervisedTrainer<Options>& trainer, const char* unit) {
  trainer.add(train::learning_progress(stdout, unit));
}

/// report.html of the weights that are best. A report that cannot be made ends no training.
void try_report(const nn::Module& net, data::DataLoader& val, const train::Trainer& trainer) try {
  const std::string& folder = trainer.options().folder;
  net.load_state_dict(train::load_checkpoint(folder).weights);
  write_report(folder, net, val, trainer);
} catch (const Error& e) {
  fmt::print(stderr, "no report: {}\n", e.what());
}

/// Trains `net` by a trainer with these options, in a run folder.
template <class Trainer, class Options>
int fit(const KeySet& app, const TrainKeys& k, Options o, const nn::Module& net, data::DataLoader& train,
        data::DataLoader& val) {
  o.model = k.model, o.data = k.data, o.resume = !k.resume.empty();
  o.more_settings = settings_of(app, k.model);
  const Trainer checked(o);  // before a folder is made
  o.folder = o.resume ? k.resume : train::make_run_folder(k.project, k.name, k.exist_ok);
  Trainer trainer(o);
  add_progress(trainer, train.example_shape().size() == 3 ? "img" : "points");
  if constexpr (std::same_as<Trainer, train::Trainer>)
    if (k.watch == "units") trainer.add(train::watch_units(net, val, o.folder));
  const StopOnSignal guard(trainer);
  const auto result = trainer.fit(net, train, &val);
  report_waiting(result.seconds, result.waited, train);
  if constexpr (std::same_as<Trainer, train::Trainer>)
    if (k.report && result.why != train::Stop::stopped) try_report(net, val, trainer);
  return report(o.folder, result, o, val.dataset());
}

void fill_in(KeySet& app, const train::Settings& settings) {
  for (const auto& [key, text] : settings) set_default(app, key, text);
}

/// What the user did not say: the model for the data, and its recipe.
void fill_in_model(KeySet& app, const TrainKeys& k, const std::optional<Finetune>& finetune,
                   const data::Dataset& set) {
  if (finetune) set_default(app, "model", finetune->model(int64_t(set.classes().size())));
  if (k.model.empty()) set_default(app, "model", default_model(set));
  if (train::names_shipped_model(k.model))
    throw UsageError(
        fmt::format("model={0} is trained already: model={1} pretrained={0} goes on from its weights",
                    k.model, k.model.substr(0, k.model.find('@'))));
  check_model(k.model, set);
  check_keys(app, k.model);
  if (k.resume.empty()) fill_in(app, recipe_for(k.model, k.energy.persistent));
}

int run(KeySet& app, TrainKeys& k) {
  if (!k.resume.empty()) restore_settings(app, k.resume);
  const bool own_schedule = given(app, "schedule");
  std::optional<Finetune> finetune;
  if (!k.finetune.empty()) {
    if (!k.model.empty() || !k.pretrained.empty())
      throw UsageError("finetune= brings its model and weights: leave out model= and pretrained=");
    fill_in(app, finetune.emplace(k.finetune).settings());
  }
  const Device device = use(k.compute);
  const DataSplits sets = open_for(k, data::parse_normalize(k.normalize));
  fill_in_model(app, k, finetune, *sets.train);
  const data::NormalizeOptions normalize = data::parse_normalize(k.normalize);
  warn(*sets.train);
  data::DataLoader train_loader =
      make_loader(k, sets.train, nullptr, normalize.figures_for(sets.train->example_shape()[0]));
  data::DataLoader val_loader = make_loader(k, sets.val, &train_loader, train_loader.normalization());
  // so few steps go without the cycle, unless it is asked for
  if (!own_schedule && k.options.schedule == "onecycle" &&
      train::optimizer_steps(k.options, train_loader.batches()) < train::onecycle_min_steps)
    k.options.schedule = "cosine";
  check(train_loader.example_shape() == val_loader.example_shape(),
        "augment={} makes {}, but validation images are {}: change the size there, or imgsz", k.augment,
        train_loader.example_shape(), val_loader.example_shape());
  fmt::print("data   {}\n", sets.describe());
  if (sets.train->format()) fmt::print("files  {}\n", sets.train->format()->describe());

  check_gives(k.model, *sets.train);
  manual_seed(k.options.seed);
  const Dims input = train_loader.example_shape();
  const auto classes = int64_t(sets.train->classes().size());
  const nn::AnyModule net = zoo::make(k.model, {classes, input});
  net.to(dtype_named(k.compute.dtype));
  net.to(device);
  if (!k.pretrained.empty()) net.load_state_dict(train::load_checkpoint(k.pretrained).weights);
  if (finetune) net.load_state_dict(finetune->weights(classes));
  Dims one = input;
  one.insert(0, 1);
  fmt::print("model  {}  {}/image   device {} ({}, {} threads)\n", k.model,
             nn::summary(net, one, dtype_named(k.compute.dtype)).totals(), device.str(), cpu_isa(),
             num_threads());
  std::fflush(stdout);

  if (zoo::is_energy_model(k.model))
    return fit<train::EnergyTrainer>(app, k, energy_options(k), net, train_loader, val_loader);
  if (zoo::is_generative(k.model))
    return fit<train::GenerativeTrainer>(app, k, generative_options(k), net, train_loader, val_loader);
  return fit<train::Trainer>(app, k, k.options, net, train_loader, val_loader);
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
    "  fovea train data=shapes epochs=3                # a class for each pixel (docs/segmentation.md)\n"
    "  fovea train data=mnist model=rbm:500            # an energy model (docs/energy_models.md)\n"
    "  fovea train data=mnist model=vae:400-20         # a generative network (docs/generative.md)\n"
    "  fovea train resume=runs/train/1                 # go on after Ctrl-C\n",
    [](KeySet& app) -> std::function<int()> {
      auto keys = std::make_shared<TrainKeys>();
      define_keys(app, *keys);
      return [&app, keys] { return run(app, *keys); };
    }};

}  // namespace fovea::cli
