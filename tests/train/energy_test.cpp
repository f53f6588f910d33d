// Energy models from data sets to run folders, on bars and stripes (MacKay 2003, section 44): their
// likelihood is known by enumeration.
#include "fovea/energy.h"

#include "../files.h"
#include "fovea/checkpoint.h"
#include "fovea/image.h"
#include "fovea/operators.h"
#include "fovea/random.h"
#include "fovea/zoo.h"
#include "train/run_folder.h"

namespace fovea::train {
namespace {

using data::DataLoader;
using data::Split;
using test::error_of;
using test::slurp;
using test::TempFolder;

constexpr int64_t side = 6;

/// Images (1,6,6) of rows, or of columns, each of which is on or off: all 128 of them, `copies` times.
std::shared_ptr<data::Dataset> bars(int64_t copies, Split split = Split::train, float off = 0, float on = 1) {
  const int64_t kinds = int64_t{2} << side;
  const Tensor all = Tensor::empty({copies * kinds, 1, side, side});
  std::vector<int64_t> labels;
  for (int64_t n = 0; n < all.size(0); ++n) {
    const int64_t state = n % kinds / 2, vertical = n % 2;
    labels.push_back(vertical);
    for (int64_t y = 0; y < side; ++y)
      for (int64_t x = 0; x < side; ++x)
        all.at<float>({n, 0, y, x}) = state >> (vertical ? x : y) & 1 ? on : off;
  }
  return std::make_shared<data::TensorDataset>(
      all, labels, data::TensorDataset::Info{.name = "bars", .split = split, .classes = {"rows", "columns"}});
}

DataLoader loader_of(const std::shared_ptr<data::Dataset>& set, bool normalize = false) {
  data::LoaderOptions o;
  o.batch = 32, o.shuffle = set->split() == Split::train, o.seed = 3, o.workers = 1;
  if (!normalize) o.normalize = data::Normalization{{0}, {1}};
  return DataLoader(set, o);
}

/// Freshly initialised, the same each time.
nn::AnyModule model_named(const std::string& name) {
  manual_seed(4);
  return zoo::make(name, {.input = {1, side, side}});
}

const rbm::RBM& rbm_in(const nn::AnyModule& net) { return dynamic_cast<const rbm::RBM&>(*net.ptr()); }

/// The mean of log p(v), with Z by enumeration.
double log_likelihood(const rbm::RBM& model, DataLoader& loader) {
  const std::vector<Scores> scores = EnergyTrainer({}).measure(model, loader);
  return -scores[0]["free_energy"] - rbm::exact_log_z(model);
}

bool same_weights(const nn::Module& a, const nn::Module& b) {
  const NamedTensors x = a.state_dict(), y = b.state_dict();
  bool same = x.size() == y.size();
  for (size_t i = 0; same && i < x.size(); ++i) same = same_bits(x[i].second, y[i].second);
  return same;
}

/// results.csv without what depends on the time; NaN as -1.
std::vector<std::vector<double>> results(const std::string& folder) {
  auto rows = ResultsFile(folder + "/results.csv",
                          {"epoch", "layer", "seconds", "lr", "momentum", "train/reconstruction",
                           "val/reconstruction", "val/pseudo_likelihood", "train/free_energy",
                           "val/free_energy", "data_wait"},
                          1 << 20)
                  .rows();
  for (auto& row : rows) {
    row[2] = row[10] = 0;
    for (double& x : row)
      if (std::isnan(x)) x = -1;
  }
  return rows;
}

TEST(EnergyTrainer, RaisesTheLikelihood) {
  for (const bool persistent : {false, true}) {
    auto train = loader_of(bars(10)), val = loader_of(bars(1, Split::val));
    const nn::AnyModule net = model_named("rbm:18");
    EnergyOptions o{.max_epochs = 60, .lr0 = persistent ? 0.05 : 0.1, .momentum = 0.5, .weight_decay = 0};
    o.k = 5, o.persistent = persistent, o.chains = 64;
    EnergyTrainer trainer(o);
    const double before = log_likelihood(rbm_in(net), val);
    const LearningResult r = trainer.fit(net, train, &val);
    const double after = log_likelihood(rbm_in(net), val);
    EXPECT_NEAR(before, -36 * std::log(2), 0.5);  // a fair coin for each pixel
    EXPECT_GT(after, -10) << persistent;
    EXPECT_LT(after, -7 * std::log(2));  // the best there is: 128 images, as likely as each other
    EXPECT_LT(r.train["reconstruction"], 0.1);
    EXPECT_EQ(r.epochs, 60);
    EXPECT_EQ(r.steps, 60 * 40);
  }
}

/// Keeps what is told.
struct Log : LearningCallback {
  void on_step_end(const LearningStep& s) override { steps.push_back(s); }
  void on_epoch_end(const LearningEpoch& e) override {
    ++epochs;
    if (e.val) gap = (*e.val)["free_energy"] - (*e.train)["free_energy"];
  }
  std::vector<LearningStep> steps;
  int epochs = 0;
  double gap = NAN;
};

TEST(EnergyTrainer, MomentumRisesAndTheRateFalls) {
  auto train = loader_of(bars(1)), val = loader_of(bars(1, Split::val));
  EnergyTrainer trainer(
      {.max_epochs = 3, .lr0 = 0.2, .schedule = "linear", .momentum = 0.9, .momentum_epochs = 2});
  const auto log = std::make_shared<Log>();
  trainer.add(log);
  trainer.fit(model_named("rbm:4"), train, &val);
  ASSERT_EQ(log->steps.size(), 12u);
  for (size_t i = 0; i < 12; ++i) {
    const LearningStep& s = log->steps[i];
    EXPECT_EQ(s.epoch, int64_t(i / 4 + 1));
    EXPECT_EQ(s.batch, int64_t(i % 4 + 1));
    EXPECT_EQ(s.step, int64_t(i + 1));
    EXPECT_EQ(s.scores.examples, 32 * s.batch);
    EXPECT_EQ(s.momentum, i < 8 ? 0.5 : 0.9);
    EXPECT_NEAR(s.lr, (i < 8 ? 0.2 : 0.04) * (1 - double(i / 4) / 3), 1e-12);
  }
  EXPECT_EQ(log->epochs, 3);
  EXPECT_NEAR(log->gap, 0, 1e-4);  // both sets hold the same examples
}

TEST(EnergyTrainer, KeepsItsRun) {
  TempFolder folder;
  const std::pair<const char*, std::vector<std::string>> models[] = {
      {"rbm:9", {}}, {"rbm:9:gaussian:relu", {}}, {"crbm:4-3-2", {}}, {"dbn:9-5", {"filters2.png"}}};
  for (const auto& [name, more] : models) {
    const bool gaussian = std::string(name).find("gaussian") != std::string::npos;
    auto train = loader_of(bars(1), gaussian), val = loader_of(bars(1, Split::val), gaussian);
    EnergyOptions o{.max_epochs = 2, .lr0 = 0.01, .folder = folder / name, .model = name, .data = "bars"};
    o.more_settings = {{"batch", "32"}};
    const nn::AnyModule net = model_named(name);
    EnergyTrainer trainer(o);
    const LearningResult r = trainer.fit(net, train, &val);
    const int64_t layers = more.empty() ? 1 : 2;
    const auto rows = results(o.folder);
    ASSERT_EQ(int64_t(rows.size()), 2 * layers);
    EXPECT_EQ(rows.back()[1], double(layers));
    EXPECT_NEAR(rows.back()[6], r.val["reconstruction"], 1e-5);
    EXPECT_EQ(rows.back()[7] == -1, name[0] == 'c' || gaussian) << name;
    EXPECT_EQ(rows.back()[9] == -1, gaussian) << name;
    const Settings settings = load_settings(o.folder + "/args.json");
    EXPECT_EQ(settings[1].second, name);
    EXPECT_EQ(settings.back().first, "batch");
    const Checkpoint last = load_checkpoint(o.folder);
    EXPECT_EQ(last.card.model, name);
    EXPECT_EQ(last.card.input, (Dims{1, side, side}));
    const nn::AnyModule loaded = zoo::make(last.card.model, {.input = last.card.input});
    loaded.load_state_dict(last.weights);
    EXPECT_TRUE(same_weights(loaded, net));
    std::vector<std::string> pictures{"curves.png", "filters.png", "reconstructions.png", "samples.png",
                                      "fantasies.png"};
    pictures.insert(pictures.end(), more.begin(), more.end());
    for (const std::string& picture : pictures)
      EXPECT_GT(image::read(o.folder + "/" + picture).height(), 30) << name << " " << picture;
  }
}

TEST(EnergyTrainer, BiasesStartAtTheMeansOfTheDataAndTheSparsity) {
  auto train = loader_of(bars(1, Split::train, 0, 0.5));
  const nn::AnyModule net = model_named("rbm:4");
  EnergyTrainer({.max_epochs = 1, .lr0 = 0, .sparsity = 0.1, .sparsity_cost = 1}).fit(net, train);
  for (const float b : rbm_in(net).visible_bias().to_vector<float>())
    EXPECT_NEAR(b, std::log(0.25 / 0.75), 1e-5);
  for (const float b : rbm_in(net).hidden_bias().to_vector<float>())
    EXPECT_NEAR(b, std::log(0.1 / 0.9), 1e-5);
}

/// Stops after `at` steps.
struct StopAt : LearningCallback {
  StopAt(EnergyTrainer& trainer, int64_t at) : trainer(trainer), at(at) {}
  void on_step_end(const LearningStep& s) override {
    if (s.step == at) trainer.stop();
  }
  EnergyTrainer& trainer;
  int64_t at;
};

TEST(EnergyTrainer, ResumesToTheSameBits) {
  TempFolder folder;
  auto train = loader_of(bars(1)), val = loader_of(bars(1, Split::val));
  EnergyOptions o{.max_epochs = 3, .momentum_epochs = 1, .seed = 8};
  o.persistent = true, o.chains = 10, o.sparsity = 0.1, o.sparsity_cost = 0.1;
  const char* name = "dbn:9-5";  // 4 steps an epoch, 12 a layer
  o.folder = folder / "whole";
  const nn::AnyModule whole = model_named(name);
  EnergyTrainer(o).fit(whole, train, &val);
  for (const int64_t at : {2, 4, 12, 15, 24}) {  // within and after epochs, between layers, at the end
    o.folder = folder / std::to_string(at), o.resume = false;
    EnergyTrainer first(o);
    first.add(std::make_shared<StopAt>(first, at));
    const LearningResult stopped = first.fit(model_named(name), train, &val);
    EXPECT_EQ(stopped.steps, at);
    EXPECT_EQ(stopped.why, at == 24 ? Stop::finished : Stop::stopped);
    o.resume = true, o.compile = false;
    if (at == 24) {
      const std::string error = error_of([&] { EnergyTrainer(o).fit(model_named(name), train, &val); });
      EXPECT_NE(error.find("nothing to resume"), std::string::npos) << error;
      continue;
    }
    const nn::AnyModule net = model_named("dbn:9-5");
    net.parameters()[0].detach().fill(7);
    EnergyTrainer(o).fit(net, train, &val);
    o.compile = true;
    EXPECT_TRUE(same_weights(net, whole)) << at;
    EXPECT_EQ(results(o.folder), results(folder / "whole")) << at;
    EXPECT_EQ(slurp(o.folder + "/samples.png"), slurp(folder / "whole/samples.png"));
  }
  const std::string other = error_of([&] {
    o.folder = folder / "2", o.max_epochs = 9;
    EnergyTrainer(o).fit(model_named("dbn:8-5"), train, &val);
  });
  EXPECT_NE(other.find("cannot resume from"), std::string::npos) << other;
}

TEST(EnergyTrainer, SaysWhatIsWrong) {
  auto train = loader_of(bars(1)), wide = loader_of(bars(1, Split::train, -1, 3));
  const auto fit = [&](const std::string& model, DataLoader& loader, EnergyOptions o = {.max_epochs = 1}) {
    return error_of([&] { EnergyTrainer(o).fit(model_named(model), loader); });
  };
  const auto expect = [](const std::string& error, const char* part) {
    EXPECT_NE(error.find(part), std::string::npos) << error;
  };
  expect(fit("rbm:4", wide), "reaches from -1 to 3");
  expect(fit("rbm:4", wide), "normalize=none");
  expect(fit("mlp:36-2", train), "is no energy model");
  expect(fit("rbm:4:gaussian", wide, {.max_epochs = 50, .lr0 = 1e5}), "a smaller lr0 may help");
  const std::pair<EnergyOptions, const char*> options[] = {
      {{.max_epochs = 0}, "epochs=0 is below 1"},    {{.k = 0}, "cd=0 is below 1"},
      {{.chains = 0}, "chains=0 is below 1"},        {{.lr0 = -1}, "lr0=-1 is outside of 0"},
      {{.momentum = 1}, "momentum=1 is outside of"}, {{.sparsity = 2, .sparsity_cost = 1}, "sparsity=2"},
      {{.sparsity = 0.1}, "sparsity_cost"},          {{.momentum_epochs = -1}, "momentum_epochs=-1"}};
  for (const auto& [o, part] : options) expect(error_of([&, bad = o] { EnergyTrainer{bad}; }), part);
}

}  // namespace
}  // namespace fovea::train
