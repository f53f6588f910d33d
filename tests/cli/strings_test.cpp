// Reading strings on the command line: train, val and predict on a table of pictures with their texts.
#include <nlohmann/json.hpp>

#include "fovea/image.h"
#include "fovea/random.h"
#include "program.h"

namespace fovea {
namespace {

using nlohmann::json;
using test::expect_in;
using test::Outcome;
using test::run;
using test::TempFolder;

/// "a" is a bar above, "b" one below.
image::Image picture_of(const std::string& text) {
  const Tensor t = full({32, 48, 1}, 0, u8);
  for (size_t i = 0; i < text.size(); ++i)
    t.narrow(0, text[i] == 'a' ? 4 : 20, 8).narrow(1, 3 + 15 * int64_t(i), 10).fill(255);
  return image::Image(t);
}

/// 100 pictures of one to three characters, one in five to validate with.
void write_set(const TempFolder& folder) {
  Generator random(3);
  std::string table = "file,text,split\n";
  for (int k = 0; k < 100; ++k) {
    std::string text(1 + random.below(3), 'a');
    for (char& c : text) c = random.below(2) ? 'a' : 'b';
    image::write(folder / fmt::format("{}.png", k), picture_of(text));
    table += fmt::format("{}.png,{},{}\n", k, text, k % 5 ? "train" : "val");
  }
  test::spill(folder / "list.csv", table);
}

TEST(StringsCli, AreLearnedMeasuredAndRead) {
  TempFolder folder;
  write_set(folder);
  const Outcome trained = run(folder,
                              "train data=list.csv model=crnn:2 batch=10 lr0=0.02 epochs=40 stop_at=0.99 "
                              "name=run");
  ASSERT_EQ(trained.code, 0) << trained.err;
  expect_in("32x48x1 u8  2 characters", trained.out);
  expect_in("val strings ", trained.out);
  expect_in("reached 100.00% in epoch", trained.out);
  const json measured = json::parse(run(folder, "val model=runs/train/run --json").out);
  EXPECT_EQ(measured.at("strings"), 1.0);
  EXPECT_EQ(measured.at("cer"), 0.0);
  EXPECT_EQ(measured.at("lengths").size(), 3u);
  EXPECT_TRUE(measured.at("worst").empty());
  expect_in("val  strings 100.00%  CER 0.00%", run(folder, "val model=runs/train/run").out);
  image::write(folder / "new.png", picture_of("bab"));
  const json read = json::parse(run(folder, "predict model=runs/train/run new.png top=2 --json").out);
  ASSERT_EQ(read[0].at("top").size(), 2u);
  EXPECT_EQ(read[0].at("top")[0].at("text"), "bab");
  EXPECT_GT(read[0].at("top")[0].at("probability"), 0.5);
  expect_in("\n  bab  ", run(folder, "predict model=runs/train/run new.png").out);

  // A table with wrong texts: what is read wrong is told and drawn.
  test::spill(folder / "wrong.csv", "file,text,split\nnew.png,baa,val\n0.png,x,val\n1.png,a,train\n");
  const Outcome wrong = run(folder, "val model=runs/train/run data=wrong.csv mistakes=1 out=wrong.png");
  expect_in("baa, read bab", wrong.out);
  expect_in("CER 33.33%", wrong.out);
  EXPECT_EQ(image::read(folder / "wrong.png").width(), 960);
}

TEST(StringsCli, TheirTrainingIsExplained) {
  TempFolder folder;
  const Outcome o = run(folder, "explain model=crnn:2 batch=2 rounds=1");
  EXPECT_EQ(o.code, 0) << o.err;
  expect_in("ctc_nll", o.out);
  EXPECT_EQ(run(folder, "bench net=crnn:2 batch=2 seconds=0.01").code, 0);
}

TEST(StringsCli, DataAndModelMustFit) {
  TempFolder folder;
  write_set(folder);
  const auto expect = [&](const std::string& keys, const std::string& text) {
    const Outcome o = run(folder, "train " + keys);
    EXPECT_NE(o.code, 0);
    expect_in(text, o.err);
  };
  expect("data=list.csv model=lenet5", "holds strings, which lenet5 cannot read: model=crnn can");
  expect("data=spiral model=crnn", "crnn reads strings");
  expect("data=list.csv model=crnn:0", "crnn:0");
  expect("data=list.csv model=crnn:4-4", "one number of filters");
  expect("data=list.csv sampler=balanced mixup=1", "mixup");
  test::spill(folder / "long.csv", "file,text,split\n0.png,aaaaaaa,train\n1.png,a,val\n");
  expect("data=long.csv batch=1 epochs=1", "which takes 13 steps; its input has 11");
}

}  // namespace
}  // namespace fovea
