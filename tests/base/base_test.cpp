#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <numeric>

#include "../files.h"
#include "base/file.h"
#include "base/parallel.h"
#include "fovea/device.h"
#include "fovea/random.h"

namespace fovea {
namespace {

// Known answers of the Random123 distribution for philox4x32-10.
TEST(Philox, GivesThePublishedNumbers) {
  using Words = std::array<uint32_t, 4>;
  EXPECT_EQ(philox(0, 0, 0), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox(~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox(0x299f31d0a4093822, 0x85a308d3243f6a88, 0x0370734413198a2e),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Generator, HasTheRightMoments) {
  Generator g(3);
  double sum = 0, squares = 0, normal = 0, normal_squares = 0;
  constexpr int n = 200000;
  for (int i = 0; i < n; ++i) {
    const double u = g.uniform(), z = g.normal();
    sum += u, squares += u * u, normal += z, normal_squares += z * z;
  }
  EXPECT_NEAR(sum / n, 0.5, 0.003);
  EXPECT_NEAR(squares / n, 1.0 / 3, 0.003);
  EXPECT_NEAR(normal / n, 0, 0.01);
  EXPECT_NEAR(normal_squares / n, 1, 0.015);
  EXPECT_EQ(Generator(5).below(1), 0u);
}

TEST(Parallel, ChunksDoNotDependOnThreads) {
  for (int threads : {1, 2, 5}) {
    set_num_threads(threads);
    std::vector<std::atomic<int64_t>> begins(10);
    parallel_for(95, 10, [&](int64_t begin, int64_t end) {
      EXPECT_EQ(begin % 10, 0);
      EXPECT_EQ(end, std::min<int64_t>(95, begin + 10));
      EXPECT_LT(thread_index(), threads);
      begins[size_t(begin / 10)]++;
    });
    for (const auto& n : begins) EXPECT_EQ(n, 1);
  }
  set_num_threads(0);
}

TEST(Parallel, HandsExceptionsToTheCallerAndNests) {
  EXPECT_THROW(parallel_for(100, 1, [](int64_t begin, int64_t) { check(begin != 57, "no {}", begin); }),
               Error);
  std::atomic<int64_t> sum{0};
  parallel_for(8, 1, [&](int64_t, int64_t) { parallel_for(8, 1, [&](int64_t b, int64_t) { sum += b; }); });
  EXPECT_EQ(sum, 8 * 28);
}

TEST(File, IsReplacedWholeOrNotAtAll) {
  const test::TempFolder folder;
  const std::string path = folder / "x";
  write_file(path, "first");
  EXPECT_THROW(write_file(path,
                          [](const auto& piece) {
                            piece("half of the sec");
                            fail("the producer gave up");
                          }),
               Error);
  const Bytes left = read_file(path);
  EXPECT_EQ(std::string(left.begin(), left.end()), "first");
  EXPECT_THROW(read_file(path, 3), Error);
  EXPECT_THROW(read_file(folder / "missing"), Error);
}

TEST(Reader, StopsAtTheEnd) {
  const uint8_t bytes[] = {1, 2, 3, 4, 5};
  Reader r(bytes, "header");
  EXPECT_EQ(r.u32_be(), 0x01020304u);
  EXPECT_THROW(r.u16_le(), Error);
  EXPECT_EQ(r.u8(), 5);
  EXPECT_EQ(r.left(), 0u);
}

TEST(Nearest, FindsTypingErrorsOnly) {
  EXPECT_EQ(nearest("epohcs", {"epochs", "batch"}), "epochs");
  EXPECT_EQ(nearest("zzzzzz", {"epochs", "batch"}), "");
}

}  // namespace
}  // namespace fovea
