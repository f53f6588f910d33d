// Numbers and words as people write them.
#pragma once
#include <cstdint>
#include <string>

namespace fovea {

/// "60,000"
inline std::string thousands(int64_t n) {
  std::string s = std::to_string(n);
  for (int i = int(s.size()) - 3; i > (n < 0 ? 1 : 0); i -= 3) s.insert(size_t(i), ",");
  return s;
}

/// Without the blanks before and behind.
inline std::string trimmed(const std::string& s) {
  const size_t first = s.find_first_not_of(" \t\n"), last = s.find_last_not_of(" \t\n");
  return first == s.npos ? "" : s.substr(first, last - first + 1);
}

}  // namespace fovea
