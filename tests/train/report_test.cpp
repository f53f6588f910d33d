// The report of a run: what it holds, what it leaves out, and the mistakes in it.
#include "fovea/report.h"

#include "../files.h"
#include "fovea/checkpoint.h"
#include "fovea/random.h"
#include "fovea/zoo.h"
#include "points.h"

namespace fovea::train {
namespace {

using data::Task;
using test::error_of;
using test::Points;
using test::slurp;
using test::TempFolder;

/// Bars that lie, stand, or (as all that are lying and bright) are called otherwise than they look.
std::shared_ptr<data::Dataset> bars(data::Split split) {
  constexpr int64_t n = 60;
  const Tensor x = full({n, 1, 8, 8}, 20, u8);
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < n; ++i) {
    const bool lies = i % 2, odd = i % 15 == 1;
    x.select(0, i).narrow(lies ? 1 : 2, 1 + i % 5, 2).fill(odd ? 250 : 200);
    labels.push_back(lies && !odd);
  }
  return std::make_shared<data::TensorDataset>(
      x, labels,
      data::TensorDataset::Info{.name = "bars", .split = split, .classes = {"<standing>", "lying"}});
}

std::string report_of(const TempFolder& folder, const nn::Module& net, data::DataLoader& train,
                      data::DataLoader& val) {
  Trainer trainer(
      {.max_epochs = 3, .lr0 = 0.05, .schedule = "constant", .folder = folder.str(), .model = "net"});
  trainer.fit(net, train, &val);
  write_report(folder.str(), net, val, trainer.validate(net, val, true),
               {.command = "fovea train data='a & b'", .environment = {{"place", "a test"}}});
  return slurp(folder / "report.html");
}

int64_t count(const std::string& part, const std::string& text) {
  int64_t n = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++n;
  return n;
}

void expect_headings(const std::string& page, const std::vector<std::string>& wanted) {
  std::vector<std::string> found;
  for (size_t at = page.find("<h2>"); at != page.npos; at = page.find("<h2>", at + 1))
    found.push_back(page.substr(at + 4, page.find("</h2>", at) - at - 4));
  EXPECT_EQ(found, wanted);
}

TEST(Report, TellsOfARunWithImages) {
  TempFolder folder;
  manual_seed(1);
  const nn::Sequential net({{"conv", nn::Conv2d(1, 4, 3, {.padding = 1})},
                            {"relu", nn::ReLU()},
                            {"flat", nn::Flatten()},
                            {"fc", nn::Linear(256, 2)}});
  data::DataLoader train(bars(data::Split::train), {.batch = 10, .shuffle = true, .workers = 0});
  data::DataLoader val(bars(data::Split::val),
                       {.batch = 16, .workers = 0, .normalize = train.normalization()});
  const std::string page = report_of(folder, net, train, val);
  expect_headings(page, {"Learning", "Confusions", "Classes", "Calibration", "Worst mistakes", "Filters",
                         "Where it looks", "Time", "Settings", "Environment"});
  EXPECT_EQ(page.find("http"), page.npos) << "nothing is fetched";
  EXPECT_EQ(page.find("<script"), page.npos);
  EXPECT_EQ(count("<img src=\"", page), count("<img src=\"data:image/", page));
  const Evaluation e = Trainer({}).validate(net, val, true);
  const int64_t mistakes = e.metrics.examples - e.metrics.correct1;
  EXPECT_GT(mistakes, 0);
  EXPECT_EQ(count("taken for", page), mistakes);
  EXPECT_NE(page.find("&lt;standing&gt;, taken for lying at "), page.npos);
  EXPECT_EQ(page.find("<standing>"), page.npos);
  EXPECT_NE(page.find("<pre>fovea train data='a &amp; b'</pre>"), page.npos);
  EXPECT_NE(page.find("Grad-CAM of relu"), page.npos);
  EXPECT_NE(page.find("3 epochs in "), page.npos);
  EXPECT_NE(page.find("<td>place<td class=n>a test"), page.npos);
  EXPECT_EQ(mistakes_sheet(val, worst_mistakes(e.logits, e.labels, 3)).size(1), 960);
}

TEST(Report, LeavesOutWhatMakesNoSense) {
  for (const Task task : {Task::multilabel, Task::regress}) {
    TempFolder folder;
    data::DataLoader train(std::make_shared<Points>(task, 64, 1), {.batch = 16, .workers = 0});
    data::DataLoader val(
        std::make_shared<Points>(task, 32, 2),
        {.batch = 16, .workers = 0, .targets = train.targets(), .normalize = train.normalization()});
    const std::string page = report_of(folder, zoo::make("mlp:2-4-2", {2, {2}}), train, val);
    expect_headings(
        page, {"Learning", task == Task::regress ? "Numbers" : "Labels", "Time", "Settings", "Environment"});
    EXPECT_NE(page.find(task == Task::regress ? "R2" : "average precision"), page.npos);
  }
}

TEST(Report, WantsARunAndItsAnswers) {
  TempFolder folder;
  data::DataLoader val(bars(data::Split::val), {.batch = 16, .workers = 0});
  const nn::AnyModule net = zoo::make("mlp:64-2");
  Trainer trainer({});
  EXPECT_NE(error_of([&] {
              write_report(folder.str(), net, val, trainer.validate(net, val));
            }).find("keeps its logits"),
            std::string::npos);
  EXPECT_NE(error_of([&] {
              write_report(folder.str(), net, val, trainer.validate(net, val, true));
            }).find("args.json"),
            std::string::npos);
}

TEST(Mistakes, TheWorstComeFirst) {
  const Tensor logits = tensor({2, 0, 0, 5, 0, 1, 3, 0}, {4, 2}), labels = tensor({1, 1, 0, 1}, {4}, i64);
  const std::vector<Mistake> all = worst_mistakes(logits, labels, 10);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].example, 3);
  EXPECT_EQ(all[0].truth, 1);
  EXPECT_EQ(all[0].predicted, 0);
  EXPECT_NEAR(all[0].confidence, 1 / (1 + std::exp(-3.)), 1e-6);
  EXPECT_NEAR(all[0].loss, std::log1p(std::exp(3.)), 1e-6);
  EXPECT_EQ(all[1].example, 0);
  EXPECT_EQ(all[2].example, 2);
  EXPECT_EQ(worst_mistakes(logits, labels, 1).size(), 1u);
  EXPECT_NE(error_of([&] { worst_mistakes(logits, tensor({1}, {1}, i64), 1); }).find("labels i64 (N)"),
            std::string::npos);
}

}  // namespace
}  // namespace fovea::train
