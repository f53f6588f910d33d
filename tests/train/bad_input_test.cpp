// What must end with a clear error and nothing lost: losses that are not finite, full and read-only folders.
#include <fmt/ranges.h>
#include <sys/resource.h>

#include <cmath>
#include <csignal>

#include "../files.h"
#include "fovea/checkpoint.h"
#include "fovea/ops.h"
#include "fovea/train.h"

namespace fovea::train {
namespace {

using data::Split;
using test::error_of;
using test::slurp;
using test::TempFolder;

data::DataLoader loader(int64_t batch = 8) {
  data::LoaderOptions o;
  o.batch = batch, o.shuffle = true;
  return data::DataLoader(data::make_synthetic("blobs", 64, Split::train), o);
}

TrainerOptions options(const std::string& folder = {}) {
  TrainerOptions o;
  o.max_epochs = 3, o.schedule = "constant", o.folder = folder;
  return o;
}

TEST(NonFiniteLoss, NamesStepOpAndLayer) {
  TempFolder folder;
  auto train = loader();
  manual_seed(1);
  int batches = 0;
  // From the 12th batch on (step 12, in epoch 2) the layer takes the logarithm of negative numbers.
  nn::Sequential net({{"hidden", nn::Linear(2, 4)},
                      {"odd", nn::Lambda("Odd()",
                                         [&](const Tensor& x) {
                                           return ++batches < 12 ? x : log(affine(square(x), -1, -1));
                                         })},
                      {"out", nn::Linear(4, 3)}});
  TrainerOptions o = options(folder / "run");
  o.compile = false;  // the network counts its calls
  Trainer trainer(o);
  const std::string message = error_of([&] { trainer.fit(net, train); });
  for (const char* part : {"the loss is nan at step 12 (epoch 2, batch 4 of 8",
                           "op to produce nan is log of layer odd", "f32 (8,4)", "since the end of epoch 1"})
    EXPECT_NE(message.find(part), std::string::npos) << part << " is not in: " << message;
  EXPECT_NO_THROW(load_checkpoint(folder / "run"));  // of epoch 1
}

TEST(NonFiniteLoss, NamesTheParameterThatDiverged) {
  auto train = loader();
  TrainerOptions o = options();
  o.lr0 = 1e6, o.max_epochs = 20;
  nn::Sequential net({{"a", nn::Linear(2, 4)}, {"b", nn::Linear(4, 4)}, {"c", nn::Linear(4, 3)}});
  const std::string message = error_of([&] { Trainer(o).fit(net, train); });
  EXPECT_NE(message.find("a smaller lr0"), std::string::npos) << message;
}

TEST(NonFiniteLoss, IsNoticedBeforeTheWeightsChange) {
  auto train = loader();
  TrainerOptions o = options();
  o.lr0 = 1e6, o.momentum = 0.99, o.optimizer = "sgd", o.max_epochs = 20;
  std::vector<std::vector<float>> weights;
  for (const bool compile : {false, true}) {
    manual_seed(2);
    const nn::Sequential net(nn::Linear(2, 4), nn::Linear(4, 3));
    o.compile = compile;
    const std::string message = error_of([&] { Trainer(o).fit(net, train); });
    EXPECT_NE(message.find("the loss is"), std::string::npos) << message;
    weights.push_back(net.parameters()[0].to_vector<float>());
  }
  EXPECT_EQ(fmt::format("{}", weights[0]), fmt::format("{}", weights[1]));  // NaN compares by its text
}

TEST(NonFiniteLoss, NamesTheBatch) {
  const Tensor x = ones({16, 2});
  x.at<float>({7, 1}) = INFINITY;
  data::TensorDataset::Info info{"odd", Split::train, {"a", "b"}};
  info.normalization = data::Normalization{{0, 0}, {1, 1}};
  data::DataLoader train(std::make_shared<data::TensorDataset>(x, std::vector<int64_t>(16, 0), info),
                         {.batch = 8});
  const nn::Linear net(2, 2);
  const std::string message = error_of([&] { Trainer(options()).fit(net, train); });
  EXPECT_NE(message.find("the batch itself holds inf"), std::string::npos) << message;
}

/// Files may not grow beyond `bytes` while alive, as if the disk were full.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : ignored_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit small{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, ignored_);
  }

 private:
  rlimit before_{};
  void (*ignored_)(int);
};

TEST(FullFolder, KeepsThePreviousCheckpoint) {
  TempFolder folder;
  auto train = loader();
  const nn::Sequential net(nn::Linear(2, 64), nn::ReLU(), nn::Linear(64, 3));
  TrainerOptions o = options(folder / "run");
  o.max_epochs = 1;
  Trainer(o).fit(net, train);
  const std::string last = slurp(folder / "run/last.safetensors"),
                    best = slurp(folder / "run/best.safetensors");
  o.max_epochs = 3, o.resume = true;
  std::string message;
  {
    const FullDisk full(1000);
    message = error_of([&] { Trainer(o).fit(net, train); });
  }
  EXPECT_NE(message.find("safetensors: File too large"), std::string::npos) << message;
  EXPECT_EQ(slurp(folder / "run/last.safetensors"), last);
  EXPECT_EQ(slurp(folder / "run/best.safetensors"), best);
  size_t files = 0;
  for (const auto& e : std::filesystem::directory_iterator(folder / "run")) files += e.is_regular_file();
  EXPECT_EQ(files, 5u) << "a temporary file was left behind";
  EXPECT_EQ(Trainer(o).fit(net, train).epochs, 3);
}

TEST(ReadOnlyFolder, IsNamedBeforeTraining) {
  auto train = loader();
  const nn::Linear net(2, 3);
  int64_t steps = 0;
  struct Count : Callback {
    int64_t* n;
    explicit Count(int64_t* n) : n(n) {}
    void on_step_end(const StepInfo&) override { ++*n; }
  };
  Trainer trainer(options("/proc/fovea"));
  trainer.add(std::make_shared<Count>(&steps));
  EXPECT_NE(error_of([&] { trainer.fit(net, train); }).find("/proc/fovea"), std::string::npos);
  EXPECT_EQ(steps, 0);
}

TEST(Checkpoint, NamesWhatIsDamaged) {
  TempFolder folder;
  const NamedTensors weights{{"w", zeros({2})}};
  const auto message = [&](const Metadata& metadata) {
    save_safetensors(folder / "x.safetensors", weights, metadata);
    return error_of([&] { load_checkpoint(folder / "x.safetensors"); });
  };
  EXPECT_NE(message({{"classes", "[1, 2"}}).find("entry classes is damaged"), std::string::npos);
  EXPECT_NE(message({{"input", "\"x\""}}).find("entry input is damaged"), std::string::npos);
  EXPECT_NE(message({{"input", "[1,2,3,4,5,6,7,8,9,10]"}}).find("at most 8"), std::string::npos);
  EXPECT_NE(message({{"input", "[3,4,4]"}, {"mean", "[0.5]"}}).find("each of 3 channels"), std::string::npos);
  EXPECT_NE(error_of([&] { load_checkpoint(folder.str()); }).find("neither best"), std::string::npos);
  EXPECT_NE(error_of([&] { load_checkpoint(folder / "none"); }).find("No such file"), std::string::npos);
}

TEST(Loader, RefusesABatchLargerThanTheSet) {
  EXPECT_NE(error_of([] { loader(65); }).find("65"), std::string::npos);
}

}  // namespace
}  // namespace fovea::train
