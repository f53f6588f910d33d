// Energy models by name.
#include <fmt/format.h>
#include <algorithm>
#include <charconv>

#include "fovea/rbm.h"
#include "fovea/zoo.h"
#include "zoo/spelled.h"

namespace fovea::zoo {
namespace {

rbm::Units units_at(const std::vector<std::string>& parts, size_t i) {
  return i < parts.size() ? rbm::units_named(parts[i]) : rbm::Units::bernoulli;
}

}  // namespace

std::vector<std::string> parts_of(const std::string& name) {
  std::vector<std::string> parts{""};
  for (const char c : name)
    if (c == ':') parts.emplace_back();
    else parts.back() += c;
  return parts;
}

const std::vector<std::string>& energy_kinds() {
  static const std::vector<std::string> kinds{"rbm", "crbm", "dbn"};
  return kinds;
}

bool is_energy_model(const std::string& name) {
  const auto& kinds = energy_kinds();
  return std::find(kinds.begin(), kinds.end(), parts_of(name)[0]) != kinds.end();
}

rbm::Units visible_units(const std::string& name) { return units_at(parts_of(name), 2); }

std::vector<int64_t> sizes_in(const std::string& text, const std::string& name) {
  std::vector<int64_t> sizes;
  const char *at = text.data(), *end = at + text.size();
  while (true) {
    int64_t n = 0;
    const auto [next, error] = std::from_chars(at, end, n);
    check(error == std::errc() && n > 0 && (next == end || *next == '-'),
          "'{}' has no valid sizes: write them as in mlp:784-128-10, lstm:128 or dbn:500-500", name);
    sizes.push_back(n);
    if (next == end) return sizes;
    at = next + 1;
  }
}

nn::AnyModule energy_model(const std::string& name, const Dims& input) {
  const auto parts = parts_of(name);
  const std::string& kind = parts[0];
  const size_t most = kind == "rbm" ? 4 : 3;
  check(
      parts.size() >= 2 && parts.size() <= most,
      "'{}' spells no energy model: write rbm:HIDDEN[:VISIBLE[:HIDDEN]], crbm:GROUPS-SIZE-POOL[:VISIBLE] or "
      "dbn:SIZES[:VISIBLE], as in rbm:500, rbm:500:gaussian:relu, crbm:24-9-2, dbn:500-500-2000",
      name);
  const auto sizes = sizes_in(parts[1], name);
  const rbm::Units visible = visible_units(name);
  if (kind == "rbm") {
    check(sizes.size() == 1, "{}: an RBM has one layer of hidden units; dbn:{} has several", name, parts[1]);
    return rbm::RBM(input.numel(), sizes[0], {.visible = visible, .hidden = units_at(parts, 3)});
  }
  if (kind == "dbn") {
    std::vector<int64_t> all{input.numel()};
    all.insert(all.end(), sizes.begin(), sizes.end());
    return rbm::DBN(all, {.visible = visible});
  }
  check(sizes.size() == 3, "{}: write the groups, the side of the filters and that of the pools, as in {}",
        name, "crbm:24-9-2");
  return rbm::ConvRBM(input, sizes[0], sizes[1], sizes[2], {.visible = visible});
}

}  // namespace fovea::zoo
