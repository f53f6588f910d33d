// Numbers as people read them.
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

}  // namespace fovea
