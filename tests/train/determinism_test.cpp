// The same seed gives the same bits of weights after 100 steps, whatever the number of threads and workers.
#include "../files.h"
#include "fovea/train.h"
#include "fovea/zoo.h"

namespace fovea::train {
namespace {

using data::Split;

struct Setting {
  int threads, workers;
};

/// The weights after 100 steps of `model` on `set`.
NamedTensors trained(const std::string& model, const std::shared_ptr<data::Dataset>& set, int64_t batch,
                     const Setting& setting) {
  set_num_threads(setting.threads);
  data::LoaderOptions l;
  l.batch = batch, l.shuffle = true, l.seed = 4, l.workers = setting.workers;
  l.transforms = data::Compose(data::RandomCrop(set->example_shape()[1], 2), data::RandomHorizontalFlip());
  data::DataLoader loader(set, l);
  manual_seed(4);
  const nn::AnyModule net = zoo::make(model, {int64_t(set->classes().size()), set->example_shape()});
  TrainerOptions o;
  o.max_steps = 100, o.max_epochs = (100 + loader.batches() - 1) / loader.batches(), o.seed = 4, o.lr0 = 0.02;
  const FitResult r = Trainer(o).fit(net, loader);
  set_num_threads(0);
  EXPECT_EQ(r.steps, 100);
  return net.state_dict();
}

void expect_same_bits(const std::string& model, const std::shared_ptr<data::Dataset>& set, int64_t batch) {
  const NamedTensors one = trained(model, set, batch, {1, 1});
  const NamedTensors start =
      zoo::make(model, {int64_t(set->classes().size()), set->example_shape()}).state_dict();
  EXPECT_FALSE(same_bits(one[0].second, start[0].second)) << "nothing was learned";
  for (const Setting& s : {Setting{2, 1}, {1, 4}, {2, 4}}) {
    const NamedTensors other = trained(model, set, batch, s);
    for (size_t i = 0; i < one.size(); ++i)
      EXPECT_TRUE(same_bits(one[i].second, other[i].second))
          << one[i].first << " with " << s.threads << " threads and " << s.workers << " workers";
  }
}

/// `count` images of random pixels and labels.
std::shared_ptr<data::Dataset> noise(int64_t count, const Dims& shape) {
  Dims all = shape;
  all.insert(0, count);
  const Tensor pixels = Tensor::empty(all, u8);
  Generator random(6);
  for (int64_t i = 0; i < pixels.numel(); ++i) pixels.data<uint8_t>()[i] = uint8_t(random.next());
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < count; ++i) labels.push_back(int64_t(random.below(10)));
  data::TensorDataset::Info info{"noise", Split::train, {}};
  for (int c = 0; c < 10; ++c) info.classes.push_back(std::to_string(c));
  return std::make_shared<data::TensorDataset>(pixels, labels, info);
}

TEST(Determinism, OfLenet5) { expect_same_bits("lenet5", data::open_dataset("mnist", Split::train), 64); }

TEST(Determinism, OfResnet20) { expect_same_bits("resnet20", noise(160, {3, 16, 16}), 8); }

}  // namespace
}  // namespace fovea::train
