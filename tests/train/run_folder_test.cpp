#include "train/run_folder.h"

#include <sys/resource.h>

#include <csignal>

#include "../files.h"

namespace fovea::train {
namespace {

using test::error_of;
using test::slurp;
using test::spill;
using test::TempFolder;

TEST(RunFolder, TakesTheFirstFreeNumber) {
  TempFolder folder;
  EXPECT_EQ(make_run_folder(folder / "runs/train", "", false), folder / "runs/train/1");
  EXPECT_EQ(make_run_folder(folder / "runs/train", "", false), folder / "runs/train/2");
  std::filesystem::remove_all(folder / "runs/train/1");
  EXPECT_EQ(make_run_folder(folder / "runs/train", "", false), folder / "runs/train/1");
  spill(folder / "runs/train/3", "a file in the way");
  EXPECT_EQ(make_run_folder(folder / "runs/train", "", false), folder / "runs/train/4");
}

TEST(RunFolder, TakesTheNameGiven) {
  TempFolder folder;
  EXPECT_EQ(make_run_folder(folder.str(), "mine", false), folder / "mine");
  EXPECT_EQ(make_run_folder(folder.str(), "mine", false), folder / "mine-2");
  EXPECT_EQ(make_run_folder(folder.str(), "mine", true), folder / "mine");
}

TEST(RunFolder, SaysWhyItCannotBeMade) {
  TempFolder folder;
  spill(folder / "runs", "a file");
  for (const auto& project : {folder / "runs", folder / "runs/train", std::string("/proc/fovea")}) {
    const std::string message = error_of([&] { make_run_folder(project, "", false); });
    EXPECT_NE(message.find(project), std::string::npos) << message;
    EXPECT_NE(message.find("project="), std::string::npos) << message;
  }
}

TEST(Settings, ComeBackAsTheyWere) {
  TempFolder folder;
  const Settings settings{{"data", "mnist"},    {"epochs", "5"},       {"lr0", "0.05"},
                          {"nesterov", "true"}, {"name", "\"a\" ü\n"}, {"seed", "18446744073709551615"}};
  save_settings(folder / "args.json", settings);
  EXPECT_NE(slurp(folder / "args.json").find("\"epochs\": 5,"), std::string::npos);
  EXPECT_EQ(load_settings(folder / "args.json"), settings);
}

TEST(Settings, RefuseWhatIsNoSettings) {
  TempFolder folder;
  for (const char* bad : {"", "{", "[1]", "{\"a\": [1]}", "{\"a\": {}}", "3", "{\"a\": 1} x"}) {
    spill(folder / "args.json", bad);
    EXPECT_NE(error_of([&] { load_settings(folder / "args.json"); }).find("args.json"), std::string::npos)
        << bad;
  }
}

TEST(ResultsFile, IsContinuedAfterTheRowsThatCount) {
  TempFolder folder;
  const std::string path = folder / "results.csv";
  const std::vector<std::string> columns{"epoch", "loss"};
  const ResultsFile first(path, columns);
  for (int e = 1; e <= 3; ++e) first.append({double(e), 0.5 / e});
  EXPECT_EQ(slurp(path), "epoch,loss\n1,0.5\n2,0.25\n3,0.166667\n");
  const ResultsFile again(path, columns, 2);  // the run was killed before epoch 3 was saved
  EXPECT_EQ(again.rows(), (std::vector<std::vector<double>>{{1, 0.5}, {2, 0.25}}));
  again.append({3, 0.125});
  EXPECT_EQ(slurp(path), "epoch,loss\n1,0.5\n2,0.25\n3,0.125\n");
}

TEST(ResultsFile, NamesTheLineThatIsNoRow) {
  TempFolder folder;
  const std::string path = folder / "results.csv";
  const ResultsFile file(path, {"epoch", "loss"});
  spill(path, "epoch,loss\n1,0.5\n2,high\n");
  EXPECT_NE(error_of([&] { file.rows(); }).find("line 3: high"), std::string::npos);
  spill(path, "epoch,loss\n1\n");
  EXPECT_NE(error_of([&] { file.rows(); }).find("line 2 has 1 of 2 columns"), std::string::npos);
  spill(path, "other\n");
  EXPECT_NE(error_of([&] { file.rows(); }).find("other columns"), std::string::npos);
}

TEST(ResultsFile, SaysWhenTheDiskIsFull) {
  TempFolder folder;
  const ResultsFile file(folder / "results.csv", {"epoch"});
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{8, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string message = error_of([&] {
    for (int i = 0; i < 10; ++i) file.append({1});
  });
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, ignored);
  EXPECT_NE(message.find("results.csv: File too large"), std::string::npos) << message;
}

}  // namespace
}  // namespace fovea::train
