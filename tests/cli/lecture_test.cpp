// The lecture: its chapters, its numbers, its pictures and pages. tools/check_lecture runs all of it.
#include "fovea/image.h"
#include "program.h"

namespace fovea {
namespace {

using test::expect_in;
using test::Outcome;
using test::run;
using test::TempFolder;

TEST(CliLecture, ListsItsChapters) {
  TempFolder folder;
  const Outcome list = run(folder, "lecture");
  EXPECT_EQ(list.code, 0);
  expect_in("  5  Layers of neurons: counting parameters", list.out);
  expect_in("numbered from 1 to 13", run(folder, "lecture 14").err);
  expect_in("numbered from 1 to 13", run(folder, "lecture 0").err);
  EXPECT_EQ(run(folder, "lecture five").code, 2);
}

TEST(CliLecture, CountsAsTheLectureDoes) {
  TempFolder folder;
  const std::string told = run(folder, "lecture 5").out;
  expect_in("3*4 + 4*2 = 20 weights, 4 + 2 = 6 biases\n26 parameters", told);
  expect_in("3*4 + 4*4 + 4*1 = 32 weights, 4 + 4 + 1 = 9 biases\n41 parameters", told);
}

TEST(CliLecture, SolvesXorAndConvertsUnits) {
  TempFolder folder;
  const std::string solved = run(folder, "lecture 8").out;
  expect_in(" 0  0    0  0   0\n 0  1    1  0   1\n 1  0    1  0   1\n 1  1    2  1   0\n", solved);
  expect_in("reached 100.00%", solved);
  EXPECT_GT(image::read(folder / "lecture/learned.png").width(), 100);
  const std::string told = run(folder, "lecture 9").out;
  expect_in("adjusted to", told);
  expect_in("    8  weight 3.122 ", told);
}

TEST(CliLecture, WritesAPageWithItsPictures) {
  TempFolder folder;
  ASSERT_EQ(run(folder, "lecture 1 folder=pages --pages",
                "mkdir -p examples/lecture && touch examples/lecture/01_pixels.cpp &&")
                .code,
            0);
  const std::string page = test::slurp(folder / "pages/01_pixels.md");
  EXPECT_TRUE(page.starts_with("# 1. What a machine sees: pixels and video\n"));
  expect_in("```\n$ fovea show lecture/portrait.png", page);
  expect_in("157 153 174 168 150 152 129 151 172 161 155 156\n", page);
  expect_in("(portrait_large.png)", page);
  EXPECT_EQ(image::read(folder / "pages/portrait_large.png").height(), 320);
}

}  // namespace
}  // namespace fovea
