// Numbers and words as people write them.
#pragma once
#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

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

/// Lines of a name and a text, the texts below each other.
inline std::string aligned(const std::vector<std::pair<std::string, std::string>>& lines) {
  size_t widest = 0;
  for (const auto& line : lines) widest = std::max(widest, line.first.size());
  std::string out;
  for (const auto& [name, text] : lines)
    out += name + std::string(widest - name.size() + 2, ' ') + text + '\n';
  return out;
}

}  // namespace fovea
