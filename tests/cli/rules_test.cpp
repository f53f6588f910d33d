// `fovea rules` as a user meets it: the table, the picture, parallel lines.
#include <nlohmann/json.hpp>

#include "fovea/image.h"
#include "program.h"

namespace fovea {
namespace {

using nlohmann::json;
using test::expect_in;
using test::Outcome;
using test::run;
using test::TempFolder;

/// 60 small pictures of each class: upright and level stripes at random places. Their mean says nothing, the
/// direction of their edges everything.
void spill_stripes(const TempFolder& folder) {
  for (int i = 0; i < 120; ++i) {
    const bool upright = i % 2 == 0;
    const Tensor t = full({16, 16, 1}, 30, u8);
    for (int64_t r = 0; r < 16; ++r)
      for (int64_t c = 0; c < 16; ++c)
        if (((upright ? c : r) + i * 5 % 7) % 7 < 3) t.at<uint8_t>({r, c, 0}) = uint8_t(150 + i % 60);
    test::spill(folder / fmt::format("stripes/{}/.keep", upright ? "upright" : "level"), "");
    image::write(folder / fmt::format("stripes/{}/{}.png", upright ? "upright" : "level", i),
                 image::Image(t));
  }
}

TEST(CliRules, CompareWithLearning) {
  TempFolder folder;
  spill_stripes(folder);
  const Outcome o =
      run(folder, "rules data=stripes model=mlp:256-8-2 seconds=0.3 epochs=5 cell=4 out=all.png --json");
  ASSERT_EQ(o.code, 0) << o.err;
  const json j = json::parse(o.out);
  std::vector<std::string> names;
  for (const auto& m : j["methods"]) {
    names.push_back(m["name"]);
    EXPECT_LE(m["passes"], 5);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"pixels", "edges", "hog", "templates", "mlp:256-8-2"}));
  EXPECT_EQ(j["methods"][2]["numbers"], 3 * 3 * 36);
  EXPECT_EQ(j["methods"][2]["error"], 0);  // level and upright: made for this rule
  EXPECT_EQ(j["methods"][3]["numbers"], 2);
  EXPECT_GT(image::read(folder / "all.png").height(), 500);
}

TEST(CliRules, SayWhetherLinesAreParallel) {
  TempFolder folder;
  const Outcome straight = run(folder, "rules lines=zoellner out=lines.png");
  expect_in("14 long lines, angles differ by 0.0 degrees at most: parallel", straight.out);
  EXPECT_GT(image::read(folder / "lines.png").width(), 2 * 380);
  const json turned = json::parse(run(folder, "rules lines=cafe_wall tilt=4 --json").out);
  EXPECT_EQ(turned["parallel"], false);
  expect_in("parallel", run(folder, "rules lines=lines.png").out);
}

TEST(CliRules, SayWhatTheyCannotTake) {
  TempFolder folder;
  spill_stripes(folder);
  const std::tuple<int, const char*, const char*> cases[] = {
      {1, "rules data=miles", "rules are held against classes, miles is for regress"},
      {1, "rules data=blobs", "rules look at pictures, but blobs has 2 numbers an example"},
      {1, "rules data=stripes cell=17", "16 x 16 is smaller than a cell of 17 pixels"},
      {1, "rules data=mnist out=nowhere/rules.png", "there is no folder nowhere"},
      {1, "rules data=mnist model=rbm:5", "rbm:5 is an energy model"},
      {1, "rules lines=zoelner", "did you mean zoellner?"},
      {2, "rules seconds=0", "seconds=0 is outside of"},
  };
  for (const auto& [code, arguments, message] : cases) {
    const Outcome o = run(folder, arguments);
    EXPECT_EQ(o.code, code) << arguments << o.err;
    expect_in(message, o.err);
  }
}

}  // namespace
}  // namespace fovea
