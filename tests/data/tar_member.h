// Tar archives for tests.
#pragma once
#include <fmt/format.h>

#include <string>

namespace fovea::test {

/// One file of a tar archive: header, content, filling.
inline std::string tar_member(const std::string& name, const std::string& content, char type = '0') {
  std::string h(512, '\0');
  h.replace(0, name.size(), name);
  h.replace(100, 7, "0000644"), h.replace(124, 11, fmt::format("{:011o}", content.size()));
  h[156] = type;
  h.replace(257, 8,
            std::string("ustar\0"
                        "00",
                        8));
  h.replace(148, 8, "        ");
  unsigned sum = 0;
  for (const char c : h) sum += uint8_t(c);
  h.replace(148, 8, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  return h + content + std::string((512 - content.size() % 512) % 512, '\0');
}

}  // namespace fovea::test
