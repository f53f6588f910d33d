#include <map>

#include "../files.h"
#include "data/tar.h"
#include "fovea/image.h"
#include "fovea/loader.h"
#include "tar_member.h"

namespace fovea::data {
namespace {

using test::error_of;
using test::spill;
using test::tar_member;
using test::TempFolder;

std::string picture_of(int value) {
  const auto bytes = image::encode(image::Image(full({4, 4, 1}, value, u8)), "jpeg");
  return {bytes.begin(), bytes.end()};
}

TEST(Tar, IndexesUstarPaxAndGnuNames) {
  TempFolder root;
  const std::string longer(150, 'n');
  spill(root / "a.tar", tar_member("a.txt", "one") + tar_member("folder/", "", '5') +
                            tar_member("x", "160 path=" + longer + "\n", 'x') + tar_member("short", "two!") +
                            tar_member("L", longer + "g", 'L') + tar_member("short", "") +
                            std::string(1024, '\0'));
  const auto entries = tar_index(root / "a.tar");
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].name, "a.txt");
  EXPECT_EQ(entries[1].name, longer);
  EXPECT_EQ(entries[2].name, longer + "g");
  const auto bytes = read_entry(root / "a.tar", entries[1]);
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()), "two!");

  std::string damaged = test::slurp(root / "a.tar");
  damaged[130] = '7';
  spill(root / "b.tar", damaged);
  EXPECT_NE(error_of([&] { tar_index(root / "b.tar"); }).find("b.tar: the header at byte 0 is damaged"),
            std::string::npos);
  spill(root / "b.tar", tar_member("a", std::string(2000, 'x')).substr(0, 1024));
  EXPECT_NE(error_of([&] { tar_index(root / "b.tar"); }).find("beyond the end"), std::string::npos);
  spill(root / "b.tar", tar_member("x", "99999999999 path=a\n", 'x') + tar_member("a", ""));
  EXPECT_NE(error_of([&] { tar_index(root / "b.tar"); }).find("pax header is damaged"), std::string::npos);
}

TEST(WebDataset, ReadsShardsAsOneSet) {
  TempFolder root;
  for (int shard = 0; shard < 3; ++shard) {
    std::string text;
    for (int i = 0; i < 10; ++i) {
      const int value = shard * 10 + i;
      text += tar_member(fmt::format("{:03}.jpg", value), picture_of(value));
      if (value % 2) text += tar_member(fmt::format("{:03}.cls", value), value % 4 == 1 ? "2\n" : "10");
      else text += tar_member(fmt::format("{:03}.json", value), R"({"label": 2})");
    }
    if (shard == 1) text += tar_member("alone.jpg", picture_of(99)) + tar_member("empty.cls", "1");
    spill(root / fmt::format("s-{:03}.tar", shard), text + std::string(1024, '\0'));
  }
  const std::string pattern = root / "s-{000..002}.tar";
  const auto train = open_dataset(pattern, Split::train), val = open_dataset(root.str(), Split::val);
  EXPECT_EQ(train->classes(), (std::vector<std::string>{"2", "10"}));
  EXPECT_EQ(train->size() + val->size(), 30);
  ASSERT_EQ(train->warnings().size(), 2u);
  EXPECT_NE(train->warnings()[0].find("s-001.tar/alone: it has no label"), std::string::npos);
  std::map<int, int64_t> seen;
  for (const auto& set : {train, val})
    for (int64_t i = 0; i < set->size(); ++i) {
      const int value = int(set->example(i).image.to_vector<double>()[0]);
      EXPECT_TRUE(seen.emplace(value, set->label(i)).second);
      EXPECT_EQ(set->label(i), value % 4 == 3);
    }
  DataLoader loader(train, {.batch = 4, .shuffle = true, .workers = 2});
  int64_t batches = 0;
  for (const Batch& batch : loader.epoch(0)) batches += batch.images.size(0) > 0;
  EXPECT_EQ(batches, loader.batches());
  EXPECT_EQ(open_dataset(pattern, Split::train, {.world = 3, .rank = 1})->where(0).find("s-001.tar"),
            root.str().size() + 1);
}

}  // namespace
}  // namespace fovea::data
