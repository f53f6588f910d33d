// Generative networks from data sets to run folders, on bars that are on or off.
#include "fovea/generative_trainer.h"

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

constexpr int64_t side = 8;

/// Images (1,8,8) whose rows are on or off: 256 of them.
std::shared_ptr<data::Dataset> bars(Split split, float on = 1) {
  const Tensor all = Tensor::empty({256, 1, side, side});
  for (int64_t n = 0; n < 256; ++n)
    for (int64_t y = 0; y < side; ++y)
      for (int64_t x = 0; x < side; ++x) all.at<float>({n, 0, y, x}) = n >> y & 1 ? on : 0;
  return std::make_shared<data::TensorDataset>(
      all, std::vector<int64_t>(256),
      data::TensorDataset::Info{.name = "bars", .split = split, .classes = {"rows"}});
}

DataLoader loader_of(Split split, float on = 1) {
  data::LoaderOptions o;
  o.batch = 32, o.shuffle = split == Split::train, o.seed = 3, o.workers = 1;
  o.normalize = data::Normalization{{0}, {1}};
  return DataLoader(bars(split, on), o);
}

/// Freshly initialised, the same each time.
nn::AnyModule model_named(const std::string& name) {
  manual_seed(4);
  return zoo::make(name, {.input = {1, side, side}});
}

bool same_weights(const nn::Module& a, const nn::Module& b) {
  const NamedTensors x = a.state_dict(), y = b.state_dict();
  bool same = x.size() == y.size();
  for (size_t i = 0; same && i < x.size(); ++i) same = same_bits(x[i].second, y[i].second);
  return same;
}

/// results.csv without what depends on the time.
std::string results(const std::string& folder) {
  std::string text = slurp(folder + "/results.csv"), kept;
  for (size_t at = 0, column = 0; at < text.size(); ++at) {
    const bool times = column == 1 || column > 11;
    if (text[at] == ',' || text[at] == '\n') column = text[at] == ',' ? column + 1 : 0;
    if (!times) kept += text[at];
  }
  return kept;
}

TEST(GenerativeTrainer, RaisesTheBound) {
  auto train = loader_of(Split::train), val = loader_of(Split::val);
  GenerativeTrainer trainer({.max_epochs = 120, .lr0 = 0.01, .schedule = "cosine"});
  const nn::AnyModule net = model_named("vae:32-8");
  const Scores before = trainer.measure(net, val)[0];
  const LearningResult r = trainer.fit(net, train, &val);
  EXPECT_LT(before["bound"], -0.95 * 64 * std::log(2));  // coins
  EXPECT_GT(r.val["bound"], -12);
  EXPECT_LT(r.val["bound"], -8 * std::log(2));  // the best there is: 256 images, as likely as each other
  EXPECT_NEAR(r.val["bound"], -r.val["nll"] - r.val["kl"], 1e-4);
  EXPECT_LT(r.val["reconstruction"], 0.05);
  EXPECT_EQ(r.val.examples, 256);
  EXPECT_EQ(r.steps, 120 * 8);
  EXPECT_NE(error_of([&] { r.val["loss"]; }).find("no score called loss"), std::string::npos);
}

/// With half of its numbers gone, a row can be told from what is left of it.
TEST(GenerativeTrainer, DenoisesWhatItsInputLost) {
  auto train = loader_of(Split::train), val = loader_of(Split::val);
  for (const char* type : {"mask", "gaussian"}) {
    GenerativeTrainer trainer({.max_epochs = 30, .lr0 = 0.01, .noise = 0.5, .noise_type = type});
    const nn::AnyModule net = model_named("autoencoder:32-16");
    trainer.fit(net, train, &val);
    manual_seed(1);
    auto batches = val.epoch(0);
    const Tensor x = (*batches.begin()).images;
    const Tensor noisy = with_noise(x, 0.5, type);
    const double lost = mean(square(noisy - x)).item(), left = mean(square(net(noisy) - x)).item();
    EXPECT_GT(lost, 0.1) << type;
    EXPECT_LT(left, 0.15 * lost) << type;
  }
  const Tensor x = ones({10});
  EXPECT_EQ(with_noise(x, 0, "mask").ptr(), x.ptr());
}

TEST(GenerativeTrainer, KeepsItsRun) {
  TempFolder folder;
  const std::vector<std::string> encoders{"curves.png", "reconstructions.png", "filters.png"};
  const std::pair<const char*, std::vector<std::string>> models[] = {
      {"autoencoder", {"walk.png"}},
      {"autoencoder:9:gaussian:none", {"walk.png"}},
      {"vae:9-3", {"samples.png", "walk.png"}},
      {"vae:9-2", {"samples.png", "plane.png"}},
      {"dcgan:2", {"curves.png", "samples.png", "walk.png"}}};
  for (const auto& [name, more] : models) {
    auto train = loader_of(Split::train), val = loader_of(Split::val);
    const nn::AnyModule net = model_named(name);
    GenerativeOptions o{.max_epochs = 2, .folder = folder / name, .model = name, .data = "bars"};
    GenerativeTrainer trainer(o);
    const LearningResult r = trainer.fit(net, train, &val);
    const auto& [first, value] = r.train.values[0];
    const std::string columns = slurp(o.folder + "/results.csv");
    EXPECT_TRUE(columns.starts_with("epoch,seconds,lr,momentum,train/" + first + ",")) << columns;
    EXPECT_NE(columns.find(fmt::format("{:.6g}", value)), std::string::npos) << columns;
    const Checkpoint last = load_checkpoint(o.folder);
    const nn::AnyModule loaded = zoo::make(last.card.model, {.input = last.card.input});
    loaded.load_state_dict(last.weights);
    EXPECT_TRUE(same_weights(loaded, net));
    std::vector<std::string> pictures = more;
    if (name[0] != 'd') pictures.insert(pictures.end(), encoders.begin(), encoders.end());
    for (const std::string& picture : pictures)
      EXPECT_GT(image::read(o.folder + "/" + picture).height(), 30) << name << " " << picture;
  }
}

/// Stops after `at` steps.
struct StopAt : LearningCallback {
  StopAt(GenerativeTrainer& trainer, int64_t at) : trainer(trainer), at(at) {}
  void on_step_end(const LearningStep& s) override {
    if (s.step == at) trainer.stop();
  }
  GenerativeTrainer& trainer;
  int64_t at;
};

TEST(GenerativeTrainer, ResumesToTheSameBits) {
  for (const char* name : {"vae:9-3", "dcgan:2"}) {
    TempFolder folder;
    auto train = loader_of(Split::train), val = loader_of(Split::val);
    GenerativeOptions o{.max_epochs = 2, .schedule = "linear", .noise = name[0] == 'v' ? 0.2 : 0, .seed = 8};
    o.folder = folder / "whole";
    const nn::AnyModule whole = model_named(name);
    GenerativeTrainer(o).fit(whole, train, &val);
    for (const int64_t at : {8, 11}) {  // 8 steps an epoch
      o.folder = folder / std::to_string(at), o.resume = false;
      GenerativeTrainer first(o);
      first.add(std::make_shared<StopAt>(first, at));
      EXPECT_EQ(first.fit(model_named(name), train, &val).why, Stop::stopped);
      o.resume = true;
      const nn::AnyModule net = model_named(name);
      for (const Tensor& p : net.parameters()) p.detach().fill(7);
      GenerativeTrainer(o).fit(net, train, &val);
      EXPECT_TRUE(same_weights(net, whole)) << name << " " << at;
      EXPECT_EQ(results(o.folder), results(folder / "whole")) << name << " " << at;
      EXPECT_EQ(slurp(o.folder + "/samples.png"), slurp(folder / "whole/samples.png")) << name;
    }
    o.compile = false, o.resume = false, o.folder = "";
    const nn::AnyModule eager = model_named(name);
    GenerativeTrainer(o).fit(eager, train, &val);
    for (size_t i = 0; i < whole.parameters().size(); ++i)
      EXPECT_LT(max(abs(eager.parameters()[i] - whole.parameters()[i])).item(), 1e-3) << name << " " << i;
  }
}

TEST(GenerativeTrainer, SaysWhatIsWrong) {
  auto train = loader_of(Split::train), wide = loader_of(Split::train, 3);
  const auto fit = [&](const std::string& model, DataLoader& loader,
                       GenerativeOptions o = {.max_epochs = 1}) {
    return error_of([&] { GenerativeTrainer(o).fit(model_named(model), loader); });
  };
  const auto expect = [](const std::string& error, const char* part) {
    EXPECT_NE(error.find(part), std::string::npos) << error;
  };
  expect(fit("vae:4-2", wide), "reaches from 0 to 3");
  expect(fit("mlp:64-2", train), "is no generative network");
  expect(fit("rbm:4", train), "is no generative network");
  expect(fit("dcgan:2", train, {.max_epochs = 1, .noise = 0.1}), "nothing to denoise");
  expect(fit("autoencoder:4:gaussian", wide, {.max_epochs = 50, .optimizer = "sgd", .lr0 = 1e5}),
         "a smaller lr0 may help");
  const std::pair<GenerativeOptions, const char*> options[] = {
      {{.max_epochs = 0}, "epochs=0 is below 1"},
      {{.optimizer = "adm"}, "did you mean adam?"},
      {{.schedule = "onecycle"}, "schedule=onecycle is neither constant nor linear nor cosine"},
      {{.noise = 2}, "noise=2 is outside of 0"},
      {{.noise_type = "salt"}, "neither mask nor gaussian"}};
  for (const auto& [o, part] : options) expect(error_of([&, bad = o] { GenerativeTrainer{bad}; }), part);
}

}  // namespace
}  // namespace fovea::train
