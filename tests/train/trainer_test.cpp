#include "fovea/train.h"

#include "../files.h"
#include "fovea/autograd.h"
#include "fovea/checkpoint.h"
#include "fovea/operators.h"
#include "fovea/zoo.h"
#include "train/run_folder.h"

namespace fovea::train {
namespace {

using data::DataLoader;
using data::Split;
using test::error_of;
using test::slurp;
using test::TempFolder;

struct Sets {
  std::shared_ptr<data::Dataset> train, val;
};

Sets points(const std::string& kind = "blobs", int64_t count = 96) {
  return {data::make_synthetic(kind, count, Split::train, 1), data::make_synthetic(kind, 60, Split::val, 1)};
}

DataLoader shuffled(const std::shared_ptr<data::Dataset>& set, int64_t batch = 8, int workers = 1) {
  data::LoaderOptions o;
  o.batch = batch, o.shuffle = true, o.seed = 3, o.workers = workers;
  return DataLoader(set, o);
}

DataLoader in_order(const Sets& sets) {
  data::LoaderOptions o;
  o.batch = 16, o.normalize = shuffled(sets.train).normalization();
  return DataLoader(sets.val, o);
}

/// A network with everything that has state or randomness: batch norm, dropout.
nn::Sequential net_for(const Sets& sets, uint64_t seed = 0) {
  manual_seed(seed);
  return nn::Sequential(nn::Linear(2, 16), nn::BatchNorm1d(16), nn::ReLU(), nn::Dropout(0.2),
                        nn::Linear(16, int64_t(sets.train->classes().size())));
}

TrainerOptions small(const std::string& folder = {}) {
  TrainerOptions o;
  o.max_epochs = 4, o.lr0 = 0.1, o.schedule = "cosine", o.folder = folder, o.seed = 5;
  return o;
}

bool same_weights(const nn::Module& a, const nn::Module& b) {
  const NamedTensors x = a.state_dict(), y = b.state_dict();
  if (x.size() != y.size()) return false;
  for (size_t i = 0; i < x.size(); ++i)
    if (x[i].first != y[i].first || !same_bits(x[i].second, y[i].second)) return false;
  return true;
}

/// results.csv without what depends on the time.
std::vector<std::vector<double>> results(const std::string& folder) {
  const ResultsFile file(
      folder + "/results.csv",
      {"epoch", "seconds", "lr", "train/loss", "train/top1", "val/loss", "val/top1", "val/top5", "data_wait"},
      1 << 20);
  auto rows = file.rows();
  for (auto& row : rows) row[1] = row[8] = 0;
  return rows;
}

/// Calls `f` with every step.
struct EachStep : Callback {
  explicit EachStep(std::function<void(const StepInfo&)> f) : f(std::move(f)) {}
  void on_step_end(const StepInfo& s) override { f(s); }
  std::function<void(const StepInfo&)> f;
};

TEST(Trainer, EveryStepDrawsItsOwnDropoutMask) {
  const Sets sets = points();
  auto train = shuffled(sets.train);
  const auto net = net_for(sets);
  std::vector<std::vector<bool>> masks;
  const Observe observe(
      [&](const Op& op, const Attrs&, const std::vector<Tensor>&, const std::vector<Tensor>& out) {
        if (op.name() != "dropout_at" || !out[0].requires_grad()) return;
        masks.emplace_back();
        for (float v : out[0].to_vector<float>()) masks.back().push_back(v == 0);
      });
  TrainerOptions o = small();
  o.max_steps = 3, o.compile = false;  // replays are not observed
  Trainer(o).fit(net, train);
  ASSERT_EQ(masks.size(), 3u);
  EXPECT_NE(masks[0], masks[1]);
  EXPECT_NE(masks[1], masks[2]);
}

/// AlexNet's rule: with nothing left to gain, a tenth after every third epoch.
TEST(Trainer, PlateauCutsTheRateWhereTheScoreStays) {
  const Sets sets = points();
  auto train = shuffled(sets.train), val = in_order(sets);
  std::vector<double> rates;
  TrainerOptions o = small();
  o.max_epochs = 8, o.lr0 = 1e-6, o.schedule = "plateau";
  Trainer trainer(o);
  trainer.add(std::make_shared<EachStep>([&](const StepInfo& s) {
    if (s.batch == s.batches) rates.push_back(s.lr);
  }));
  nn::Sequential net(nn::Linear(2, int64_t(sets.train->classes().size())));
  trainer.fit(net, train, &val);
  const std::vector<double> expected{1e-6, 1e-6, 1e-6, 1e-6, 1e-7, 1e-7, 1e-7, 1e-8};
  ASSERT_EQ(rates.size(), expected.size());
  for (size_t i = 0; i < rates.size(); ++i) EXPECT_NEAR(rates[i], expected[i], 1e-12) << i;
}

TEST(Trainer, ValidateLeavesEveryModuleInItsMode) {
  const Sets sets = points();
  auto val = in_order(sets);
  const auto net = net_for(sets);
  const auto* norm = net.named_modules()[2].second;
  net.train();
  norm->train_only(false);
  Trainer({}).validate(net, val);
  EXPECT_TRUE(net.training());
  EXPECT_FALSE(norm->training());
}

TEST(Trainer, LearnsAndKeepsItsRun) {
  TempFolder folder;
  const Sets sets = points();
  auto train = shuffled(sets.train), val = in_order(sets);
  const auto net = net_for(sets);
  TrainerOptions o = small(folder / "run");
  o.model = "mine", o.data = "blobs", o.more_settings = {{"batch", "8"}};
  Trainer trainer(o);
  const FitResult r = trainer.fit(net, train, &val);
  EXPECT_EQ(r.why, Stop::finished);
  EXPECT_EQ(r.epochs, 4);
  EXPECT_EQ(r.steps, 4 * 12);
  EXPECT_GT(r.best_top1, 0.9);
  const auto rows = results(folder / "run");
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[3][0], 4);
  EXPECT_LT(rows[3][3], rows[0][3]);
  EXPECT_GT(rows[0][2], rows[3][2]);
  const Settings settings = load_settings(folder / "run/args.json");
  EXPECT_EQ(settings[0], (std::pair<std::string, std::string>{"data", "blobs"}));
  EXPECT_EQ(settings.back(), (std::pair<std::string, std::string>{"batch", "8"}));
  const Checkpoint best = load_checkpoint(folder / "run");
  EXPECT_EQ(best.file, folder / "run/best.safetensors");
  EXPECT_EQ(best.card.model, "mine");
  EXPECT_EQ(best.card.input, (Dims{2}));
  EXPECT_EQ(best.card.classes, sets.train->classes());
  EXPECT_EQ(best.card.normalization, train.normalization());
  const auto loaded = net_for(sets, 9);
  loaded.load_state_dict(best.weights);
  EXPECT_EQ(trainer.validate(loaded, val).metrics.top1(), r.best_top1);
  for (const char* name : {"curves.png", "confusion.png"})
    EXPECT_EQ(slurp(folder / "run/" + name).substr(1, 3), "PNG") << name;
}

TEST(Trainer, ValidatesWithoutChangingTheNetwork) {
  const Sets sets = points();
  auto val = in_order(sets);
  const auto net = net_for(sets), twin = net_for(sets);
  const Trainer trainer(small());
  const Evaluation e = trainer.validate(net, val);
  EXPECT_TRUE(same_weights(net, twin));
  EXPECT_TRUE(net.training());
  EXPECT_EQ(e.metrics.examples, 60);
  EXPECT_EQ(e.confusion.total(), 60);
  EXPECT_DOUBLE_EQ(e.confusion.accuracy(), e.metrics.top1());
  const Tensor p = Trainer::predict(net, zeros({3, 2}));
  for (int64_t i = 0; i < 3; ++i) {
    double total = 0;
    for (int64_t c = 0; c < p.size(1); ++c) total += double(p.at<float>({i, c}));
    EXPECT_NEAR(total, 1, 1e-6);
  }
}

/// Options that use all there is to restore.
TrainerOptions everything(const std::string& folder) {
  TrainerOptions o = small(folder);
  o.accumulate_grad_batches = 5, o.ema = 0.9, o.gradient_clip_val = 1;  // 12 batches: groups of 5, 5 and 2
  return o;
}

TEST(Resume, ContinuesAStoppedRunToTheSameBits) {
  TempFolder folder;
  const Sets sets = points();
  auto train = shuffled(sets.train), val = in_order(sets);
  for (const char* optimizer : {"nesterov", "adamw", "rmsprop"}) {
    TrainerOptions o = everything(folder / fmt::format("{}-whole", optimizer));
    o.optimizer = optimizer, o.lr0 = 0.01;
    const auto whole = net_for(sets);
    const FitResult expected = Trainer(o).fit(whole, train, &val);
    o.folder = folder / fmt::format("{}-parts", optimizer);
    auto net = net_for(sets);
    FitResult r;
    int parts = 0;
    do {  // three processes' worth: stopped at the end of an epoch, and within one
      Trainer trainer(o);
      trainer.add(std::make_shared<EachStep>([&](const StepInfo& s) {
        if (s.step == 3 || s.step == 7) trainer.stop();
      }));
      net = net_for(sets, uint64_t(++parts));
      manual_seed(uint64_t(77 * parts));
      if (parts == 1) net = net_for(sets);
      r = trainer.fit(net, train, &val);
      o.resume = true;
    } while (r.why == Stop::stopped);
    EXPECT_EQ(parts, 3);
    EXPECT_TRUE(same_weights(net, whole)) << optimizer;
    EXPECT_EQ(results(folder / fmt::format("{}-parts", optimizer)),
              results(folder / fmt::format("{}-whole", optimizer)));
    EXPECT_EQ(r.best_top1, expected.best_top1);
    EXPECT_EQ(r.best_epoch, expected.best_epoch);
    EXPECT_EQ(load_checkpoint(o.folder).weights.size(), net.state_dict().size());
  }
}

TEST(Resume, StartsAtTheLastEpochAfterAKill) {
  TempFolder folder;
  const Sets sets = points();
  auto train = shuffled(sets.train), val = in_order(sets);
  TrainerOptions o = small(folder / "whole");
  const auto whole = net_for(sets);
  Trainer(o).fit(whole, train, &val);
  o.folder = folder / "killed";
  auto net = net_for(sets);
  Trainer killed(o);
  killed.add(std::make_shared<EachStep>([](const StepInfo& s) {
    if (s.epoch == 3 && s.batch == 5) throw std::runtime_error("the power went");
  }));
  EXPECT_THROW(killed.fit(net, train, &val), std::runtime_error);
  test::spill(folder / "killed/last.safetensors.tmp1.0", "half a file");  // it went while writing
  o.resume = true;
  net = net_for(sets, 8);
  int64_t first_epoch = 0;
  Trainer again(o);
  again.add(std::make_shared<EachStep>(
      [&](const StepInfo& s) { first_epoch = first_epoch ? first_epoch : s.epoch; }));
  again.fit(net, train, &val);
  EXPECT_EQ(first_epoch, 3);
  EXPECT_TRUE(same_weights(net, whole));
  EXPECT_EQ(results(folder / "killed"), results(folder / "whole"));
}

TEST(Resume, GoesOnWhereMaxStepsEnded) {
  TempFolder folder;
  const Sets sets = points();
  auto train = shuffled(sets.train);
  const auto whole = net_for(sets);
  Trainer(small(folder / "whole")).fit(whole, train);
  TrainerOptions o = small(folder / "parts");
  o.max_steps = 30;
  auto net = net_for(sets);
  const FitResult first = Trainer(o).fit(net, train);
  EXPECT_EQ(first.why, Stop::max_steps);
  EXPECT_EQ(first.steps, 30);
  o.max_steps = 0, o.resume = true;
  net = net_for(sets, 4);
  EXPECT_EQ(Trainer(o).fit(net, train).why, Stop::finished);
  EXPECT_TRUE(same_weights(net, whole));
  EXPECT_NE(error_of([&] { Trainer(o).fit(net, train); }).find("has finished its 4 epochs"),
            std::string::npos);
}

TEST(Resume, RefusesTheCheckpointOfAnotherNetwork) {
  TempFolder folder;
  const Sets sets = points();
  auto train = shuffled(sets.train);
  TrainerOptions o = small(folder / "run");
  o.max_epochs = 1;
  Trainer(o).fit(net_for(sets), train);
  o.resume = true, o.max_epochs = 2;
  manual_seed(0);
  const nn::Sequential other({{"hidden", nn::Linear(2, 4)}, {"out", nn::Linear(4, 3)}});
  const std::string before = slurp(folder / "run/last.safetensors");
  const std::string message = error_of([&] { Trainer(o).fit(other, train); });
  for (const char* part : {"last.safetensors", "missing", "hidden.weight", "unexpected", "0.weight"})
    EXPECT_NE(message.find(part), std::string::npos) << part << " is not in: " << message;
  EXPECT_EQ(slurp(folder / "run/last.safetensors"), before);
}

TEST(Resume, RefusesEveryPrefixOfACheckpoint) {
  TempFolder folder;
  const Sets sets = points("xor", 16);
  auto train = shuffled(sets.train);
  manual_seed(0);
  const nn::Linear net(2, 2);
  TrainerOptions o = small(folder / "run");
  o.max_epochs = 2, o.max_steps = 2;
  Trainer(o).fit(net, train);
  o.resume = true, o.max_steps = 0;
  const std::string file = folder / "run/last.safetensors", whole = slurp(file);
  for (size_t n = 0; n < whole.size(); n += 7) {
    test::spill(file, whole.substr(0, n));
    EXPECT_THROW(Trainer(o).fit(net, train), Error) << n;
  }
  test::spill(file, whole);
  EXPECT_EQ(Trainer(o).fit(net, train).epochs, 2);
}

TEST(Resume, NamesADamagedState) {
  TempFolder folder;
  const Sets sets = points("xor", 16);
  auto train = shuffled(sets.train);
  const nn::Linear net(2, 2);
  TrainerOptions o = small(folder / "run");
  o.resume = true;
  std::filesystem::create_directories(folder / "run");
  for (const char* state : {"", "{}", "[1,2]", "{\"epoch\": \"two\"}", "{\"epoch\": -1}"}) {
    save_safetensors(folder / "run/last.safetensors", net.state_dict(), {{"state", state}});
    EXPECT_NE(error_of([&] { Trainer(o).fit(net, train); }).find("entry state"), std::string::npos) << state;
  }
  save_safetensors(folder / "run/last.safetensors", net.state_dict());
  EXPECT_NE(error_of([&] { Trainer(o).fit(net, train); }).find("no state to resume from"), std::string::npos);
}

TEST(Trainer, AccumulatesBatchesIntoOneStep) {
  const Sets sets = points();
  const auto trained = [&](int64_t batch, int64_t accumulate) {
    auto train = shuffled(sets.train, batch);
    manual_seed(2);
    nn::Sequential net(nn::Linear(2, 8), nn::Tanh(), nn::Linear(8, 3));
    net.to(f64);
    TrainerOptions o = small();
    o.accumulate_grad_batches = accumulate;
    EXPECT_EQ(Trainer(o).fit(net, train).steps, 4 * 6);
    return net.state_dict();
  };
  const NamedTensors one = trained(16, 1), four = trained(4, 4);
  for (size_t i = 0; i < one.size(); ++i) {
    const auto a = one[i].second.to_vector<double>(), b = four[i].second.to_vector<double>();
    for (size_t k = 0; k < a.size(); ++k) EXPECT_NEAR(a[k], b[k], 1e-9) << one[i].first;
  }
}

TEST(Trainer, StopsWhenPatienceEnds) {
  const Sets sets = points();
  auto train = shuffled(sets.train), val = in_order(sets);
  TrainerOptions o = small();
  o.max_epochs = 50, o.patience = 3, o.lr0 = 0;  // nothing improves after the first epoch
  o.optimizer = "sgd", o.momentum = 0, o.weight_decay = 0;
  nn::Sequential net(nn::Linear(2, 3));
  const FitResult r = Trainer(o).fit(net, train, &val);
  EXPECT_EQ(r.why, Stop::patience);
  EXPECT_EQ(r.epochs, 4);
  EXPECT_EQ(r.best_epoch, 1);
}

TEST(Trainer, StopsWhenItHasReachedWhatWasAsked) {
  const Sets sets = points();
  const auto fit = [&](double stop_at, int64_t epochs) {
    auto train = shuffled(sets.train), val = in_order(sets);
    TrainerOptions o = small();
    o.stop_at = stop_at, o.max_epochs = epochs;
    manual_seed(1);
    nn::Sequential net(nn::Linear(2, 3));
    return Trainer(o).fit(net, train, &val);
  };
  const FitResult r = fit(0.9, 50);
  EXPECT_EQ(r.why, Stop::reached);
  EXPECT_LT(r.epochs, 50);
  EXPECT_GE(r.best_top1, 0.9);
  EXPECT_EQ(r.best_epoch, r.epochs) << "it went on after it had been reached";
  EXPECT_EQ(fit(0.9, r.epochs).why, Stop::reached) << "in the last epoch";
  EXPECT_EQ(fit(0, 2).why, Stop::finished);
  EXPECT_THROW(fit(1.5, 2), Error);
}

TEST(Trainer, TakesAnyLoss) {
  const Sets sets = points("xor", 32);
  auto train = shuffled(sets.train);
  TrainerOptions o = small();
  o.compile = false;  // so that every call counts
  int calls = 0;
  o.loss = [&](const Tensor& logits, const Tensor& labels) {
    ++calls;
    return nn::CrossEntropyLoss()(logits, labels) * 2;
  };
  const nn::Linear net(2, 2);
  Trainer(o).fit(net, train);
  EXPECT_EQ(calls, 16);
}

TEST(Trainer, NamesWrongOptions) {
  const auto message = [](auto change) {
    TrainerOptions o;
    change(o);
    return error_of([&] { Trainer{o}; });
  };
  EXPECT_EQ(message([](TrainerOptions& o) { o.max_epochs = 0; }), "epochs=0 is below 1");
  EXPECT_EQ(message([](TrainerOptions& o) { o.momentum = 2; }), "momentum=2 is outside of 0 to 0.9999");
  EXPECT_NE(message([](TrainerOptions& o) { o.lr0 = NAN; }).find("lr0=nan"), std::string::npos);
  EXPECT_NE(message([](TrainerOptions& o) { o.schedule = "cosin"; }).find("did you mean cosine?"),
            std::string::npos);
  EXPECT_NE(message([](TrainerOptions& o) { o.optimizer = "adm"; }).find("did you mean adam?"),
            std::string::npos);
}

}  // namespace
}  // namespace fovea::train
