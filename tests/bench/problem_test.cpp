// Layer shapes as hostile input.
#include "bench/problem.h"

#include <filesystem>

#include "../files.h"

namespace fovea::bench {
namespace {

using test::error_of;
using test::TempFolder;

TEST(Problem, ReadsAConvolution) {
  const Problem p = parse_problem("  conv n=16 c=8\th=56 o=64 k=3 s=2 p=1 g=4   # layer2\r");
  EXPECT_EQ(p.text, "conv n=16 c=8 h=56 o=64 k=3 s=2 p=1 g=4");
  EXPECT_EQ(p.w, 56);
  EXPECT_EQ(p.out_h(), 28);
  EXPECT_EQ(p.flops(), 2.0 * 16 * 28 * 28 * 64 * 2 * 9);
  EXPECT_EQ(parse_problem("linear n=32 in=784 out=10").flops(), 2.0 * 32 * 784 * 10);
}

TEST(Problem, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "starts with conv or linear"},
      {"# nothing", "starts with conv or linear"},
      {"pool n=1", "not 'pool'"},
      {"conv", "n= is missing"},
      {"conv n=1 c=1 h=4 o=1", "k= is missing"},
      {"conv n=1 c=1 h=4 o=1 k=3 x=2", "unknown key 'x'"},
      {"conv n=1 n=1 c=1 h=4 o=1 k=3", "n is given twice"},
      {"conv n=1 c=1 h=4 o=1 k", "'k' is not key=number"},
      {"conv n=1 c=1 h=4 o=1 k=", "k= is no whole number"},
      {"conv n=1 c=1 h=4 o=1 k=3.5", "k=3.5 is no whole number"},
      {"conv n=0 c=1 h=4 o=1 k=3", "n=0 is no whole number from 1"},
      {"conv n=1 c=1 h=4 o=1 k=3 p=-1", "p=-1 is no whole number from 0"},
      {"conv n=99999999999999999999 c=1 h=4 o=1 k=3", "n=99999999999999999999 is no whole number"},
      {"conv n=1 c=1 h=4 o=1 k=5", "the window k=5 is larger"},
      {"conv n=1 c=6 h=4 o=4 k=1 g=4", "do not divide into g=4"},
      {"conv n=1048576 c=1048576 h=1048576 o=1 k=1", "no layer's"},
      {"conv n=1 c=1 h=1 o=1 k=1 p=1048576", "no layer's"},
      {"linear n=1048576 in=1 out=1048576", "no layer's"},
      {"linear n=1 c=3 out=2", "unknown key 'c'"},
  };
  for (const auto& [line, message] : cases) {
    const std::string text = error_of([&, l = line] { parse_problem(l); });
    EXPECT_NE(text.find(message), std::string::npos) << line << ": " << text;
  }
}

TEST(Problem, FilesAndFoldersNameTheLineThatIsWrong) {
  TempFolder folder;
  test::spill(folder / "a.txt", "# first\n\nlinear n=1 in=2 out=3\n");
  test::spill(folder / "b.txt", "conv n=1 c=1 h=4 o=1 k=3");
  test::spill(folder / "notes.md", "no problem");
  EXPECT_EQ(read_problems(folder.str()).size(), 2u);
  EXPECT_EQ(read_problems(folder / "b.txt")[0].out_w(), 2);
  test::spill(folder / "b.txt", std::string("linear n=1 in=2 out=3\nconv \0\xff=1\n", 30));
  EXPECT_NE(error_of([&] { read_problems(folder.str()); }).find("b.txt:2: unknown key"), std::string::npos);
  test::spill(folder / "empty.txt", "# nothing\n");
  EXPECT_NE(error_of([&] { read_problems(folder / "empty.txt"); }).find("no problems"), std::string::npos);
  EXPECT_NE(error_of([&] { read_problems(folder / "none.txt"); }).find("none.txt"), std::string::npos);
}

TEST(Problem, ThoseOfTheRepositoryAreRight) {
  for (const auto& entry : std::filesystem::directory_iterator(FOVEA_SOURCE_DIR "/bench/problems"))
    EXPECT_GE(read_problems(entry.path().string()).size(), 5u) << entry.path();
}

}  // namespace
}  // namespace fovea::bench
