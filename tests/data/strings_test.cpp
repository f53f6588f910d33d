// Sets of strings: strips of digits, tables with a column text, and their batches.
#include <numeric>
#include <set>

#include "../files.h"
#include "fovea/image.h"
#include "fovea/inspect.h"
#include "fovea/loader.h"

namespace fovea::data {
namespace {

using test::error_of;
using test::spill;
using test::TempFolder;

TEST(DigitStrings, AreAFunctionOfTheirSeed) {
  const auto set = make_digit_strings(3, 5, Split::train, 7),
             again = make_digit_strings(3, 5, Split::train, 7),
             other = make_digit_strings(3, 5, Split::train, 8);
  EXPECT_EQ(set->task(), Task::transcribe);
  EXPECT_EQ(set->classes().size(), 10u);
  EXPECT_EQ(set->longest(), 5);
  EXPECT_EQ(set->example_shape(), (Dims{1, 32, 160}));
  std::set<size_t> lengths;
  bool differs = false;
  for (int64_t i = 0; i < 40; ++i) {
    lengths.insert(set->string(i).size());
    EXPECT_EQ(set->string(i), again->string(i));
    EXPECT_TRUE(same_bits(set->example(i).image, again->example(i).image));
    differs |= set->string(i) != other->string(i);
  }
  EXPECT_EQ(lengths, (std::set<size_t>{3, 4, 5}));
  EXPECT_TRUE(differs);
}

TEST(TextList, TheOrderOfCharactersIsPartOfItsFingerprint) {
  TempFolder root;
  image::write(root / "0.png", image::Image(full({32, 40, 1}, 9, u8)));
  const auto sum_of = [&](const std::string& text) {
    spill(root / "list.csv", "file,text,split\n0.png," + text + ",train\n");
    return fingerprint(*open_dataset(root / "list.csv", Split::train));
  };
  EXPECT_NE(sum_of("ab"), sum_of("ba"));
  EXPECT_EQ(sum_of("ab"), sum_of("ab"));
}

/// Where a strip of one digit holds `digit` (1,28,28); whether it does.
bool holds(const Tensor& strip, const Tensor& digit) {
  for (int64_t y = 0; y <= 4; ++y)
    for (int64_t x = 0; x <= 4; ++x)
      if (same_bits(strip.narrow(1, y, 28).narrow(2, x, 28).contiguous(), digit)) return true;
  return false;
}

TEST(DigitStrings, ThoseToMeasureWithAreOfTestDigits) {
  const auto strips = make_digit_strings(1, 1, Split::val), digits = open_dataset("mnist", Split::val);
  for (int64_t i = 0; i < 2; ++i) {
    const Tensor strip = strips->example(i).image;
    bool found = false;
    for (int64_t d = 0; d < digits->size() && !found; ++d)
      found = digits->label(d) == strips->string(i)[0] && holds(strip, digits->example(d).image);
    EXPECT_TRUE(found) << i;
  }
}

TEST(DigitStrings, BatchesArePadded) {
  const auto set = open_dataset("digits:1-3", Split::val);
  DataLoader loader(set, {.batch = 8, .workers = 0, .normalize = Normalization{{0}, {1}}});
  auto epoch = loader.epoch(0);
  const Tensor labels = epoch.begin()->labels;
  ASSERT_EQ(labels.shape(), (Dims{8, 3}));
  for (int64_t i = 0; i < 8; ++i) {
    std::vector<int64_t> wanted = set->string(i);
    wanted.resize(3, -1);
    EXPECT_EQ(labels.select(0, i).to_vector<int64_t>(), wanted);
  }
  std::vector<float> counts(10);
  set->target(0, counts);
  EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), 0.f), float(set->string(0).size()));
}

TEST(DigitStrings, WrongLengthsAreSaid) {
  for (const char* what : {"digits", "digits:", "digits:x", "digits:3-", "digits:3-x", "digits:5 "})
    EXPECT_NE(error_of([&] { open_dataset(what, Split::val); }).find("digits:5 or digits:3-7"),
              std::string::npos)
        << what;
  for (const char* what : {"digits:0", "digits:5-3", "digits:65"})
    EXPECT_NE(error_of([&] { open_dataset(what, Split::val); }).find("1 to 64 digits"), std::string::npos)
        << what;
}

TEST(TextList, HasItsCharactersForClasses) {
  TempFolder root;
  for (int i = 0; i < 4; ++i)
    image::write(root / fmt::format("{}.png", i), image::Image(full({32, 40, 1}, i, u8)));
  spill(root / "list.csv",
        "file,text,split\n0.png,bé,train\n1.png,b,train\n2.png,,train\n3.png,\"a, b\",val\n");
  const auto set = open_dataset(root / "list.csv", Split::train);
  EXPECT_EQ(set->task(), Task::transcribe);
  EXPECT_EQ(set->classes(), (std::vector<std::string>{" ", ",", "a", "b", "é"}));
  EXPECT_EQ(set->example_shape(), (Dims{1, 32, 40}));
  ASSERT_EQ(set->size(), 2);
  EXPECT_EQ(set->string(0), (std::vector<int64_t>{3, 4}));
  EXPECT_EQ(set->longest(), 2);
  ASSERT_EQ(set->warnings().size(), 1u);
  EXPECT_NE(set->warnings()[0].find("list.csv:4: it has no text"), std::string::npos) << set->warnings()[0];
  EXPECT_EQ(open_dataset(root / "list.csv", Split::val)->string(0), (std::vector<int64_t>{2, 1, 0, 3}));
  // The alphabet of a network takes the place of the characters that occur.
  const auto known = open_dataset(root / "list.csv", Split::train, {.alphabet = {"b", "c"}});
  EXPECT_EQ(known->classes(), (std::vector<std::string>{"b", "c"}));
  ASSERT_EQ(known->size(), 1);
  EXPECT_NE(known->warnings()[0].find("has a 'é', which is not in the alphabet bc"), std::string::npos)
      << known->warnings()[0];
  spill(root / "list.csv", "file,label\n0.png,1\n1.png,2\n");
  EXPECT_NE(error_of([&] {
              open_dataset(root / "list.csv", Split::train, {.task = Task::transcribe});
            }).find("wants a column text"),
            std::string::npos);
}

}  // namespace
}  // namespace fovea::data
