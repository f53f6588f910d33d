// Layer shapes to measure kernels on, one a line; # starts a comment.
//   conv n=16 c=64 h=56 w=56 o=64 k=3 s=1 p=1 g=1      # s, p and g are 1, 0 and 1 if left out, w as h
//   linear n=32 in=9216 out=4096
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fovea::bench {

/// A convolution with square windows; a linear layer is one of 1x1 on images of 1x1.
struct Problem {
  std::string text = {};  // as written, without the comment
  bool linear = false;
  int64_t n = 1, c = 1, h = 1, w = 1, o = 1, kernel = 1, stride = 1, padding = 0, groups = 1;

  int64_t out_h() const { return (h + 2 * padding - kernel) / stride + 1; }
  int64_t out_w() const { return (w + 2 * padding - kernel) / stride + 1; }
  /// Of its forward pass and of either gradient: two for each multiplication and addition.
  double flops() const;
};

/// Throws, saying what is wrong with it, if `line` is no problem or one too large to be a layer.
Problem parse_problem(std::string_view line);

/// The problems in a file, or in all .txt files of a folder by name. Throws, naming file and line.
std::vector<Problem> read_problems(const std::string& path);

}  // namespace fovea::bench
