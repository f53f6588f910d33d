// The one exception of fovea and the check that throws it.
// Every message says what was wrong, where (op, layer, file) and what would be right. Nothing in fovea
// aborts.
//   check(c == 3, "[to_rgb] image wants 3 channels but has {}", c);
#pragma once
#include <fmt/core.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace fovea {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Throws `Error` with the formatted message.
template <class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(fmt::format(format, std::forward<Args>(args)...));
}

/// Throws `Error` with the formatted message unless `ok`; the arguments are formatted only then.
template <class... Args>
void check(bool ok, fmt::format_string<Args...> format, Args&&... args) {
  if (!ok) [[unlikely]]
    fail(format, std::forward<Args>(args)...);
}

/// The candidate nearest to `word` by edit distance, or "" if none is close: for "did you mean" in messages.
std::string nearest(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace fovea
