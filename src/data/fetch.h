// What fetches addresses: file:// by itself, others through a module (base/module.h): libcurl.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace fovea::data {

struct Fetch {
  std::string url;
  int64_t from = 0;                         // bytes to skip
  std::function<void(int64_t from)> begin;  // what follows starts at this byte: `from`, or 0 if the server
                                            // does not skip
  std::function<void(std::string_view)> write;  // the next bytes
  std::function<void(int64_t total)> announce;  // bytes of the whole file, if the server tells
};

/// Set by the module. Throws naming the address and the reason.
extern void (*url_fetcher)(const Fetch& fetch);
/// Fetches. Throws if it cannot, naming the package where the module is missing.
void fetch(const Fetch& what);

}  // namespace fovea::data
