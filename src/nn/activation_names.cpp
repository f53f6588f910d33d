// Activations by the names of their ops.
#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "fovea/nn/activation.h"
#include "fovea/op.h"

namespace fovea::nn {
namespace {

using Numbers = std::vector<double>;
struct Entry {
  const char* name;
  AnyModule (*build)(const Numbers&);
};

/// One that takes no numbers.
template <class M>
AnyModule plain(const Numbers&) {
  return M();
}
template <class M>
AnyModule with_one(const Numbers& n) {
  return M(n[0]);
}
template <class M>
AnyModule with_two(const Numbers& n) {
  return M(n[0], n[1]);
}

constexpr Entry entries[] = {{"step", plain<Step>},
                             {"sigmoid", plain<Sigmoid>},
                             {"tanh", plain<Tanh>},
                             {"relu", plain<ReLU>},
                             {"leaky_relu", with_one<LeakyReLU>},
                             {"prelu", plain<PReLU>},
                             {"elu", with_one<ELU>},
                             {"selu", plain<SELU>},
                             {"celu", with_one<CELU>},
                             {"softplus", plain<Softplus>},
                             {"gelu", plain<GELU>},
                             {"gelu_tanh", [](const Numbers&) -> AnyModule { return GELU(true); }},
                             {"silu", plain<SiLU>},
                             {"mish", plain<Mish>},
                             {"hardswish", plain<Hardswish>},
                             {"hardsigmoid", plain<Hardsigmoid>},
                             {"hardtanh", with_two<Hardtanh>},
                             {"relu6", plain<ReLU6>},
                             {"softsign", plain<Softsign>},
                             {"logsigmoid", plain<LogSigmoid>},
                             {"threshold", with_two<Threshold>},
                             {"hardshrink", with_one<Hardshrink>},
                             {"softshrink", with_one<Softshrink>},
                             {"tanhshrink", plain<Tanhshrink>}};

const Entry& entry_named(const std::string& name) {
  for (const Entry& e : entries)
    if (e.name == name) return e;
  const std::string close = nearest(name, activation_names());
  fail("no activation is called '{}'{}: there are {}", name,
       close.empty() ? "" : fmt::format(" (did you mean {}?)", close), fmt::join(activation_names(), ", "));
}

/// "-2,2" as numbers; none in "".
Numbers numbers_in(const std::string& text, const std::string& name) {
  Numbers numbers;
  const char *at = text.data(), *end = at + text.size();
  while (at < end) {
    double number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    const bool right = error == std::errc() && std::isfinite(number) && (next == end || *next == ',');
    check(right && next + 1 != end,
          "'{}' has no valid numbers: write them as in leaky_relu:0.1 or hardtanh:-2,2", name);
    numbers.push_back(number);
    at = next + 1;
  }
  return numbers;
}

}  // namespace

AnyModule make_activation(const std::string& name) {
  const size_t colon = name.find(':');
  const Entry& entry = entry_named(name.substr(0, colon));
  Numbers numbers = colon == name.npos ? Numbers() : numbers_in(name.substr(colon + 1), name);
  const Op& op = find_op(entry.name);
  const auto& attrs = op.parsed.attrs;
  check(numbers.size() <= attrs.size(), "'{}' has {} numbers too many for {}", name,
        numbers.size() - attrs.size(), op.signature);
  for (size_t i = numbers.size(); i < attrs.size(); ++i) {
    check(std::holds_alternative<double>(attrs[i].fallback), "'{}' lacks {}, as in {}:0.1,20: {}", name,
          attrs[i].name, entry.name, op.signature);
    numbers.push_back(std::get<double>(attrs[i].fallback));
  }
  return entry.build(numbers);
}

std::vector<std::string> activation_names() {
  std::vector<std::string> names;
  for (const Entry& e : entries) names.push_back(e.name);
  return names;
}

}  // namespace fovea::nn
