// Clips whose classes only time tells apart: a square that rises or falls.
#include "../files.h"
#include "../video_files.h"
#include "fovea/checkpoint.h"
#include "fovea/random.h"
#include "fovea/train.h"
#include "fovea/zoo.h"

namespace fovea::train {
namespace {

using test::TempFolder;

constexpr int side = 16, frames = 5;

std::string frame_with_square(int x, int y) {
  std::string pixels(size_t(side * side), '\x10');
  for (int i = 0; i < 16; ++i) pixels[size_t((y + i / 4) * side + x + i % 4)] = '\xe0';
  return pixels;
}

/// A falling square, or the same video backwards: each frame may be of either.
void write_videos(const TempFolder& root, int of_each) {
  for (const bool rises : {false, true})
    for (int v = 0; v < of_each; ++v) {
      Generator random(uint64_t(v), rises);
      const int x = int(random.below(side - 3)), y = int(random.below(5)), speed = 1 + int(random.below(2));
      std::vector<std::string> all;
      for (int k = 0; k < frames; ++k) all.push_back(frame_with_square(x, y + speed * k));
      if (rises) std::reverse(all.begin(), all.end());
      test::spill(root / fmt::format("{}/{}.y4m", rises ? "rises" : "falls", v),
                  test::y4m_of(side, side, "mono", all));
    }
}

double accuracy(const std::string& folder, const std::string& how, const std::string& model) {
  const data::OpenOptions o{.val = 0.25, .frames = data::parse_frames(how)};
  data::DataLoader train(data::open_dataset(folder, data::Split::train, o),
                         {.batch = 20, .shuffle = true, .workers = 0});
  data::DataLoader val(data::open_dataset(folder, data::Split::val, o),
                       {.batch = 20, .workers = 0, .normalize = train.normalization()});
  manual_seed(2);
  const nn::AnyModule net = zoo::make(model, {2, train.example_shape()});
  Trainer trainer({.max_epochs = 8, .optimizer = "adam", .lr0 = 0.005, .gradient_clip_val = 1});
  trainer.fit(net, train);
  return trainer.validate(net, val).metrics.top1();
}

TEST(Clips, OnlyTimeTellsTheClassesApart) {
  const TempFolder root;
  write_videos(root, 80);
  EXPECT_GE(accuracy(root.str(), "channels:5", "cnn_lstm:5"), 0.95);
  EXPECT_NEAR(accuracy(root.str(), "5", "cnn_lstm:1"), 0.5, 0.15);
}

}  // namespace
}  // namespace fovea::train
