// Folders of videos as data sets of frames.
#include <gtest/gtest.h>

#include <set>

#include "../files.h"
#include "../video_files.h"
#include "fovea/files.h"
#include "fovea/loader.h"
#include "fovea/video.h"

namespace fovea::data {
namespace {

using test::error_of;
using test::TempFolder;

/// A gray video whose first two pixels say which video and which frame it is.
std::string numbered_video(int video, int frames, int width = 4, int height = 2) {
  std::vector<std::string> all;
  for (int k = 0; k < frames; ++k) {
    std::string& pixels = all.emplace_back(size_t(width * height), '\0');
    pixels[0] = char(video), pixels[1] = char(k);
  }
  return test::y4m_of(width, height, "mono", all);
}

struct Seen {
  int video, frame;
  int64_t label;
};

Seen seen(const Dataset& set, int64_t i) {
  const Example e = set.example(i);
  return {e.image.data<uint8_t>()[0], e.image.data<uint8_t>()[1], e.label};
}

TEST(VideoFolder, ExamplesAreFramesAndSplitsAreOfVideos) {
  const TempFolder root;
  for (int v = 0; v < 20; ++v)
    test::spill(root / fmt::format("{}/deep/{:02}.y4m", v < 10 ? "run" : "walk", v), numbered_video(v, 12));
  test::spill(root / "run/notes.txt", "no video");
  const OpenOptions four{.frames = Frames{Frames::one, 4}};
  const auto train = open_dataset(root.str(), Split::train, four),
             val = open_dataset(root.str(), Split::val, four);
  EXPECT_EQ(train->classes(), (std::vector<std::string>{"run", "walk"}));
  EXPECT_EQ(train->example_shape(), (Dims{1, 2, 4}));
  EXPECT_EQ(train->size(), 18 * 4);
  EXPECT_EQ(val->size(), 2 * 4);
  std::set<int> videos[2];
  std::set<std::pair<int, int>> all;
  for (const auto& set : {train, val})
    for (int64_t i = 0; i < set->size(); ++i) {
      const Seen s = seen(*set, i);
      EXPECT_EQ(s.label, s.video >= 10);
      videos[set == val].insert(s.video);
      all.emplace(s.video, s.frame);
    }
  EXPECT_EQ(all.size(), 80u);
  for (int v = 0; v < 20; ++v) {
    EXPECT_NE(videos[0].contains(v), videos[1].contains(v)) << v;  // in one part only
    for (const int64_t frame : video::uniform_frames(12, 4)) EXPECT_TRUE(all.contains({v, int(frame)})) << v;
  }
  EXPECT_NE(train->where(1).find(".y4m frame 2 of 4"), std::string::npos) << train->where(1);
  EXPECT_EQ(train->format()->frames, parse_frames("spread:4"));
  EXPECT_EQ(open_dataset(root.str(), Split::train)->size(), 18 * 8);  // unless told

  OpenOptions each{.frames = Frames{Frames::each}};
  const auto every = open_dataset(root.str(), Split::val, each);
  EXPECT_EQ(every->size(), 24);
  for (int64_t i = 0; i < 24; ++i) EXPECT_EQ(seen(*every, i).frame, i % 12);
}

TEST(VideoFolder, LoadersSeeTheSameWithAnyWorkers) {
  const TempFolder root;
  for (int v = 0; v < 6; ++v)
    test::spill(root / fmt::format("train/{}/{}.y4m", v % 2, v), numbered_video(40 * v, 9, 30 + v, 20));
  test::spill(root / "val/1/9.y4m", numbered_video(9, 3, 30, 20));
  const std::shared_ptr<Dataset> set =
      open_dataset(root.str(), Split::train, {.imgsz = 14, .frames = Frames{Frames::one, 3}});
  EXPECT_EQ(set->example_shape(), (Dims{1, 16, 16}));
  EXPECT_EQ(set->picture(0).shape(), (Dims{16, 24, 1}));  // shrunk to what covers that
  std::vector<std::vector<Tensor>> epochs;
  for (const int workers : {0, 1, 3}) {
    LoaderOptions options{
        .batch = 5, .shuffle = true, .seed = 4, .workers = workers, .transforms = set->transforms(true)};
    DataLoader loader(set, options);
    std::vector<Tensor>& images = epochs.emplace_back();
    for (const Batch& batch : loader.epoch(1)) images.push_back(batch.images.clone());
  }
  ASSERT_EQ(epochs[0].size(), 4u);
  for (size_t i = 0; i < 4; ++i)
    for (const size_t other : {1, 2}) EXPECT_TRUE(same_bits(epochs[0][i], epochs[other][i]));
}

TEST(VideoFolder, KeepsDepth) {
  const TempFolder root;
  std::string dark, bright;
  for (int i = 0; i < 8; ++i) dark += test::le32(500).substr(0, 2), bright += test::le32(501).substr(0, 2);
  for (const char* name : {"a", "b"}) {
    test::spill(root / fmt::format("dark/{}.y4m", name), test::y4m_of(4, 2, "mono10", {dark}));
    test::spill(root / fmt::format("light/{}.y4m", name), test::y4m_of(4, 2, "mono10", {bright}));
  }
  const auto set = open_dataset(root.str(), Split::train, {.frames = Frames{Frames::one, 1}});
  ASSERT_EQ(set->dtype(), u16);
  EXPECT_EQ(set->example(1).image.data<uint16_t>()[0] - set->example(0).image.data<uint16_t>()[0], 64);
}

TEST(VideoFolder, ListsNameVideosAndClasses) {
  const TempFolder root;
  std::string list = "# videos\n\nnothing.y4m 2\njustapath\n";
  for (int v = 0; v < 12; ++v) {
    test::spill(root / fmt::format("some videos/{:02}.y4m", v), numbered_video(v, 3));
    list += fmt::format("some videos/{:02}.y4m {}\n", v, v % 3 == 0 ? 10 : 2);
  }
  test::spill(root / "videos.txt", list);
  const OpenOptions two{.frames = Frames{Frames::one, 2}};
  const auto train = open_dataset(root / "videos.txt", Split::train, two),
             val = open_dataset(root / "videos.txt", Split::val, two);
  EXPECT_EQ(train->classes(), (std::vector<std::string>{"2", "10"}));
  EXPECT_EQ(train->size(), 20);
  EXPECT_EQ(val->size(), 4);
  std::set<int> videos;
  for (const auto& set : {train, val})
    for (int64_t i = 0; i < set->size(); ++i) {
      const Seen s = seen(*set, i);
      EXPECT_EQ(s.label, s.video % 3 == 0);
      videos.insert(s.video);
    }
  EXPECT_EQ(videos.size(), 12u);
  ASSERT_EQ(train->warnings().size(), 2u);
  EXPECT_NE(train->warnings()[0].find("videos.txt:3: there is no"), std::string::npos);
  EXPECT_NE(train->warnings()[1].find("videos.txt:4: 'justapath' is not a path and a class"),
            std::string::npos);
}

TEST(VideoFolder, WhatIsWrongIsNamed) {
  const TempFolder root;
  const std::string whole = numbered_video(1, 12);
  test::spill(root / "train/a/1.y4m", whole.substr(0, whole.size() - 3));
  test::spill(root / "train/a/2.y4m", "YUV4MPEG2 torn");
  test::spill(root / "train/b/3.y4m", numbered_video(3, 2));
  test::spill(root / "val/b/4.y4m", numbered_video(4, 2));
  const auto set = open_dataset(root.str(), Split::train, {.frames = Frames{Frames::one, 4}});
  ASSERT_EQ(set->size(), 12);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(seen(*set, i).frame, video::uniform_frames(11, 4)[size_t(i)]);
  EXPECT_NE(error_of([&] { set->example(5); }).find("2.y4m"), std::string::npos);
  EXPECT_EQ(seen(*set, 8).frame, 0);  // a short one: frames come twice
  EXPECT_EQ(seen(*set, 11).frame, 1);
  const auto with = [&](const Frames& frames) {
    return error_of([&] { open_dataset(root.str(), Split::train, {.frames = frames}); });
  };
  EXPECT_NE(with({Frames::channels}).find("as in channels:8"), std::string::npos);
  EXPECT_NE(with({Frames::one, 0}).find("at least 1 frame"), std::string::npos);
  EXPECT_TRUE(holds_videos(root.str()));
  image::write(root / "train/a/x.png", image::Image(full({2, 2, 1}, 1, u8)));
  EXPECT_FALSE(holds_videos(root.str()));
  const TempFolder flat;
  test::spill(flat / "1.y4m", whole);
  EXPECT_NE(error_of([&] { open_dataset(flat.str(), Split::train); }).find("each class wants a subfolder"),
            std::string::npos);
}

TEST(VideoFolder, ClipsAreFramesAsChannels) {
  const TempFolder root;
  for (int v = 0; v < 4; ++v)
    test::spill(root / fmt::format("{}/{}.y4m", v < 2 ? "run" : "walk", v), numbered_video(v, 9));
  const OpenOptions three{.val = 0.5, .frames = parse_frames("channels:3")};
  const auto train = open_dataset(root.str(), Split::train, three);
  EXPECT_EQ(train->example_shape(), (Dims{3, 2, 4}));
  ASSERT_EQ(train->size(), 2);
  for (int64_t i = 0; i < 2; ++i) {
    const Tensor clip = train->example(i).image;
    EXPECT_EQ(train->label(i), clip.at<uint8_t>({0, 0, 0}) >= 2);
    for (int64_t k = 0; k < 3; ++k) {
      EXPECT_EQ(clip.at<uint8_t>({k, 0, 0}), clip.at<uint8_t>({0, 0, 0})) << "of one video";
      EXPECT_EQ(clip.at<uint8_t>({k, 0, 1}), video::uniform_frames(9, 3)[size_t(k)]);
    }
  }
  EXPECT_EQ(train->where(0), train->source(0));
  EXPECT_EQ(train->format()->describe(), "3 channels u8, frames as channels");
  // As a card tells it, of videos alone.
  const auto again = open_video_files({train->source(1)}, {.format = train->format()});
  EXPECT_TRUE(same_bits(again->example(0).image, train->example(1).image));
  EXPECT_EQ(parse_frames("channels:3").describe(), "channels:3");
  EXPECT_NE(error_of([&] {
              open_dataset(root.str(), Split::train, {.frames = parse_frames("channels")});
            }).find("as in channels:8"),
            std::string::npos);
  for (const char* text : {"channels:", "channels:0", "channels:x"}) EXPECT_THROW(parse_frames(text), Error);
}

}  // namespace
}  // namespace fovea::data
