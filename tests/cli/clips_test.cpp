// Clips of videos on the command line.
#include <nlohmann/json.hpp>

#include "../video_files.h"
#include "program.h"

namespace fovea {
namespace {

using nlohmann::json;
using test::expect_in;
using test::Outcome;
using test::run;
using test::TempFolder;

/// Gray videos of 16 x 16 pixels that get brighter or darker.
void write_videos(const TempFolder& folder) {
  for (const bool darker : {false, true})
    for (int v = 0; v < 12; ++v) {
      std::vector<std::string> frames;
      for (int k = 0; k < 6; ++k) frames.push_back(std::string(256, char(10 + 5 * v + 20 * k)));
      if (darker) std::reverse(frames.begin(), frames.end());
      test::spill(folder / fmt::format("set/{}/{}.y4m", darker ? "darker" : "brighter", v),
                  test::y4m_of(16, 16, "mono", frames));
    }
}

TEST(ClipsCli, AreOneExampleEach) {
  TempFolder folder;
  write_videos(folder);
  const Outcome trained =
      run(folder, "train data=set frames=channels:4 model=cnn_lstm:4 epochs=12 batch=4 lr0=0.01 name=run");
  ASSERT_EQ(trained.code, 0) << trained.err;
  expect_in("22 train / 2 test  16x16x4 u8  2 classes", trained.out);
  expect_in("report.html", trained.out);
  const std::string files = "set/brighter/3.y4m set/darker/3.y4m";
  const json said = json::parse(run(folder, "predict model=runs/train/run --json " + files).out);
  ASSERT_EQ(said.size(), 2u);
  EXPECT_EQ(said[0].at("top")[0].at("class"), "brighter");
  EXPECT_EQ(said[1].at("top")[0].at("class"), "darker");
  expect_in("as many frames as it was trained with",
            run(folder, "predict model=runs/train/run frames=3 " + files).err);
  expect_in("frames=channels:8 makes such", run(folder, "train data=set frames=8 model=cnn_lstm").err);
}

}  // namespace
}  // namespace fovea
