#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "fovea/tensor.h"

namespace fovea {
namespace {

TEST(Print, AlignsColumnsUnderOneLineThatSaysWhatItIs) {
  EXPECT_EQ(to_string(tensor({1, 2, 30, 4, 5, 6}, {2, 3})),
            "f32 (2,3)\n"
            "   1   2  30\n"
            "   4   5   6");
  EXPECT_EQ(to_string(tensor({0.5, -1.25, 100, 0}, {2, 2})),
            "f32 (2,2)\n"
            "    0.5000   -1.2500\n"
            "  100.0000    0.0000");
  EXPECT_EQ(to_string(tensor({1e-6, 1, NAN})),
            "f32 (3)\n"
            "  1.0000e-06  1.0000e+00         nan");
}

TEST(Print, KnowsEveryType) {
  for (const DType dtype : {f32, f64, f16, bf16, i32, i64, u8, u16, i16})
    EXPECT_EQ(to_string(tensor({1, 2}, {}, dtype)), std::string(name_of(dtype)) + " (2)\n  1  2");
  EXPECT_EQ(to_string(tensor({0, 2}, {}, boolean)), "bool (2)\n  false   true");
  EXPECT_EQ(to_string(full({}, -3, i64)), "i64 ()\n  -3");
  const int64_t wide[] = {INT64_MAX};
  EXPECT_EQ(to_string(Tensor::of<int64_t>(wide)), "i64 (1)\n  9223372036854775807");
}

TEST(Print, AbridgesLongTensors) {
  EXPECT_EQ(to_string(arange(0, 100, 1, i32).reshape({10, 10}), 4, 3),
            "i32 (10,10)\n"
            "   0   1  …   9\n"
            "  10  11  …  19\n"
            "  …\n"
            "  80  81  …  89\n"
            "  90  91  …  99");
  EXPECT_EQ(to_string(arange(0, 1000, 1, i32), 16, 5), "i32 (1000)\n    0    1    2  …  998  999");
}

TEST(Print, HeadsEachTableOfHigherRanks) {
  EXPECT_EQ(to_string(arange(0, 8, 1, u8).reshape({1, 2, 2, 2})),
            "u8 (1,2,2,2)\n"
            "[0, 0, :, :]\n"
            "  0  1\n"
            "  2  3\n"
            "[0, 1, :, :]\n"
            "  4  5\n"
            "  6  7");
  const std::string many = to_string(arange(0, 40, 1, i32).reshape({20, 1, 2}));
  EXPECT_NE(many.find("[2, :, :]\n   4   5\n…\n[17, :, :]"), std::string::npos) << many;
}

TEST(Print, AnImageIsItsWholePixelTable) {
  std::ostringstream out;
  out << full({28, 28}, 255, u8);
  const std::string text = out.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 28);
  EXPECT_EQ(text.find("…"), std::string::npos);
  out.str("");
  out << zeros({28, 28});
  EXPECT_NE(out.str().find("…"), std::string::npos);
}

TEST(Print, CopesWithViewsAndNothing) {
  EXPECT_EQ(to_string(tensor({1, 2, 3, 4}, {2, 2}).permute({1, 0})), "f32 (2,2)\n  1  3\n  2  4");
  EXPECT_EQ(to_string(zeros({0, 3})), "f32 (0,3)");
  EXPECT_EQ(to_string(Tensor()), "undefined");
  const Tensor blocked = arange(0, 16).reshape({1, 8, 1, 2}).to(Layout::blocked8);
  EXPECT_NE(to_string(blocked).find("blocked8\n[0, 0, :, :]\n   0   1\n"), std::string::npos)
      << to_string(blocked);
}

}  // namespace
}  // namespace fovea
