#include <cmath>
#include <map>

#include "../files.h"
#include "data/csv.h"
#include "fovea/image.h"
#include "fovea/loader.h"
#include "fovea/sampler.h"

namespace fovea::data {
namespace {

using test::error_of;
using test::spill;
using test::TempFolder;

/// Gray pictures 0.png, 1.png ... of 4 x 4 pixels of their number.
void write_pictures(const TempFolder& root, int count) {
  for (int i = 0; i < count; ++i)
    image::write(root / fmt::format("{}.png", i), image::Image(full({4, 4, 1}, i, u8)));
}

TEST(Csv, FollowsRfc4180) {
  const auto rows = parse_csv("a,b\r\n\"x,\"\"1\"\"\n2\",\r\n\n;,3", "t.csv");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[1].cells, (std::vector<std::string>{"x,\"1\"\n2", ""}));
  EXPECT_EQ(rows[2].cells, (std::vector<std::string>{";", "3"}));
  EXPECT_EQ(rows[2].line, 5);
  EXPECT_EQ(parse_csv("a;b\n1,5;2\n", "t")[1].cells, (std::vector<std::string>{"1,5", "2"}));
  EXPECT_NE(error_of([] { parse_csv("a\n\"b\nc", "t.csv"); }).find("t.csv:2: a quote is never closed"),
            std::string::npos);
  EXPECT_NE(error_of([] { parse_csv("a\nb\"c", "t.csv"); }).find("t.csv:2:"), std::string::npos);
}

TEST(List, ClassesFromNamesAndWrongRowsByLine) {
  TempFolder root;
  write_pictures(root, 4);
  spill(root / "list.csv",
        "path,label,split,weight\n0.png,dog,train,1\n1.png,cat,train,3\n2.png,dog,val,1\n3.png,cat,test,1\n"
        "gone.png,cat,train,1\n0.png,,train,1\n0.png,cat,later,1\n0.png,cat\n0.png,cat,train,-1\n");
  const auto train = open_dataset(root / "list.csv", Split::train),
             val = open_dataset(root / "list.csv", Split::val);
  EXPECT_EQ(train->classes(), (std::vector<std::string>{"cat", "dog"}));
  EXPECT_EQ(train->task(), Task::classify);
  ASSERT_EQ(train->size(), 2);
  EXPECT_EQ(train->label(0), 1);
  EXPECT_EQ(val->size(), 2);
  EXPECT_EQ(given_weights(*train), (std::vector<double>{1, 3}));
  const auto& warnings = train->warnings();
  ASSERT_GE(warnings.size(), 5u);
  for (size_t i = 0; i < 5; ++i)
    EXPECT_NE(warnings[i].find(fmt::format("list.csv:{}: ", i + 6)), std::string::npos) << warnings[i];
  spill(root / "list.csv", "path,label\nx.png,1\n");
  EXPECT_NE(error_of([&] { open_dataset(root / "list.csv", Split::train); }).find("x.png is missing"),
            std::string::npos);
  spill(root / "list.csv", "path,label\n0.png,1\n" + std::string(300, 'a') + ".png,1\n0.png,0\n");
  const auto rest = open_dataset(root / "list.csv", Split::train);  // a name that no file system takes
  EXPECT_NE(rest->warnings().at(0).find("list.csv:3: "), std::string::npos) << rest->warnings()[0];
  spill(root / "list.csv", "picture,label\n0.png,1\n");
  EXPECT_NE(error_of([&] {
              open_dataset(root / "list.csv", Split::train);
            }).find("list.csv:1: its head has no column"),
            std::string::npos);
}

TEST(List, SeveralLabels) {
  TempFolder root;
  write_pictures(root, 3);
  spill(root / "a.csv", "image,labels,split\n0.png,sun|sea,train\n1.png,,train\n2.png,sea,val\n");
  spill(root / "b.csv", "image,sea,sun,split\n0.png,1,1,train\n1.png,0,0,train\n2.png,1,0,val\n");
  for (const char* name : {"a.csv", "b.csv"}) {
    const auto set = open_dataset(root / name, Split::train);
    EXPECT_EQ(set->task(), Task::multilabel);
    EXPECT_EQ(set->classes(), (std::vector<std::string>{"sea", "sun"}));
    DataLoader loader(set, {.batch = 2, .workers = 0, .normalize = Normalization{{0}, {1}}});
    for (const Batch& batch : loader.epoch(0))
      EXPECT_EQ(batch.labels.to_vector<float>(), (std::vector<float>{1, 1, 0, 0}));
  }
}

TEST(List, NumbersToPredictAreNormalised) {
  TempFolder root;
  write_pictures(root, 4);
  spill(root / "r.csv",
        "file,age,height,split\n0.png,10,1.5,train\n1.png,30,1.5,train\n2.png,20,2,val\n3.png,nan,1,train\n");
  const auto set = open_dataset(root / "r.csv", Split::train);
  EXPECT_EQ(set->task(), Task::regress);
  EXPECT_EQ(set->classes(), (std::vector<std::string>{"age", "height"}));
  EXPECT_NE(set->warnings()[0].find("r.csv:5: its age is \"nan\""), std::string::npos);
  DataLoader loader(set, {.batch = 2, .workers = 0, .normalize = Normalization{{0}, {1}}});
  EXPECT_EQ(loader.targets(), (Normalization{{20, 1.5f}, {10, 1}}));
  for (const Batch& batch : loader.epoch(0))
    EXPECT_EQ(batch.labels.to_vector<float>(), (std::vector<float>{-1, 0, 1, 0}));
  DataLoader val(
      open_dataset(root / "r.csv", Split::val),
      {.batch = 1, .workers = 0, .targets = loader.targets(), .normalize = Normalization{{0}, {1}}});
  for (const Batch& batch : val.epoch(0))
    EXPECT_EQ(batch.labels.to_vector<float>(), (std::vector<float>{0, 0.5f}));
}

TEST(List, GroupsStayTogether) {
  TempFolder root;
  write_pictures(root, 12);
  std::string text = "path,label,group\n";
  for (int i = 0; i < 12; ++i) text += fmt::format("{}.png,{},patient{}\n", i, i % 2, i / 3);
  spill(root / "g.csv", text);
  const auto val = open_dataset(root / "g.csv", Split::val, {.seed = 4, .val = 0.25});
  ASSERT_EQ(val->size(), 3);
  const auto number = [&](int64_t i) {
    return std::stoi(val->where(i).substr(val->where(i).rfind('/') + 1));
  };
  EXPECT_EQ(number(0) / 3, number(2) / 3);
  EXPECT_EQ(open_dataset(root / "g.csv", Split::train, {.seed = 4, .val = 0.25})->size(), 9);
}

TEST(Sampler, StratifiedSplitTakesOfEachClass) {
  std::vector<int64_t> labels(100, 0);
  for (size_t i = 0; i < 20; ++i) labels[i] = 1;
  labels[99] = 2;
  const auto val = stratified_split(labels, 0.25, 7);
  std::map<int64_t, int> counts;
  for (size_t i = 0; i < 100; ++i) counts[labels[i]] += val[i];
  EXPECT_EQ(counts[0], 20);  // 79 / 4, rounded
  EXPECT_EQ(counts[1], 5);
  EXPECT_EQ(counts[2], 0);  // one example is for training
  EXPECT_NE(val, stratified_split(labels, 0.25, 8));
}

TEST(Sampler, DrawsByWeight) {
  const std::vector<double> weights{1, 0, 3};
  std::vector<double> many;
  for (int i = 0; i < 1000; ++i) many.insert(many.end(), weights.begin(), weights.end());
  const auto order = weighted_order(many, 5, 2);
  double counts[3] = {};
  for (const int64_t i : order) ++counts[i % 3];
  EXPECT_EQ(counts[1], 0);
  EXPECT_NEAR(counts[2] / 3000, 0.75, 4 * std::sqrt(0.75 * 0.25 / 3000));
  EXPECT_EQ(order, weighted_order(many, 5, 2));
  EXPECT_NE(order, weighted_order(many, 5, 3));
  EXPECT_NE(error_of([] {
              weighted_order(std::vector<double>{0, 0}, 0, 0);
            }).find("above 0"),
            std::string::npos);
}

TEST(Loader, BalancedWeightsAndMixing) {
  const Tensor images = Tensor::empty({8, 1, 16, 16});
  for (int64_t i = 0; i < 8; ++i) images.select(0, i).fill(double(i));
  const auto set = std::make_shared<TensorDataset>(
      images, std::vector<int64_t>{0, 0, 0, 0, 0, 0, 1, 1},
      TensorDataset::Info{.name = "t", .split = Split::train, .classes = {"a", "b"}});
  const auto weights = balanced_weights(*set);
  EXPECT_DOUBLE_EQ(weights[0] * 6, weights[7] * 2);
  const Normalization plain{{0}, {1}};
  DataLoader drawn(set, {.batch = 8, .workers = 0, .weights = weights, .normalize = plain});
  EXPECT_EQ(drawn.order(3), weighted_order(weights, 0, 3));
  for (const auto& [mixup, cutmix] : {std::pair{0.4, 0.}, {0., 1.}, {0.4, 1.}}) {
    std::vector<std::vector<float>> seen;
    for (const int workers : {0, 2}) {
      DataLoader loader(
          set, {.batch = 4, .workers = workers, .mixup = mixup, .cutmix = cutmix, .normalize = plain});
      for (const Batch& batch : loader.epoch(1)) {
        ASSERT_EQ(batch.labels.shape(), (Dims{4, 2}));
        for (int64_t i = 0; i < 4; ++i)
          EXPECT_NEAR(batch.labels.at<float>({i, 0}) + batch.labels.at<float>({i, 1}), 1, 1e-6);
        seen.push_back(batch.images.to_vector<float>());
      }
    }
    EXPECT_EQ(seen[0], seen[2]);  // whatever the number of workers
    EXPECT_EQ(seen[1], seen[3]);
    const auto plain_half = [&](int64_t first) { return images.narrow(0, first, 4).to_vector<float>(); };
    EXPECT_TRUE(seen[0] != plain_half(0) || seen[1] != plain_half(4));
  }
  EXPECT_NE(error_of([&] { DataLoader(set, {.batch = 4, .mixup = -1}); }).find("mixup=-1"),
            std::string::npos);
}

}  // namespace
}  // namespace fovea::data
