#include <fmt/format.h>
#include <charconv>
#include <cstring>

#include "fovea/op.h"

namespace fovea {
namespace {

std::string trim(std::string s) {
  while (!s.empty() && s.front() == ' ') s.erase(s.begin());
  while (!s.empty() && s.back() == ' ') s.pop_back();
  return s;
}

/// Splits at commas outside of brackets.
std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::string part;
  int depth = 0;
  for (char c : text) {
    depth += (c == '[') - (c == ']');
    if (c == ',' && depth == 0) parts.push_back(trim(part)), part.clear();
    else part += c;
  }
  if (part = trim(part); !part.empty()) parts.push_back(part);
  return parts;
}

template <class T>
T number(const std::string& text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  check(error == std::errc() && end == text.data() + text.size(), "signature: {} is no number", text);
  return value;
}

/// The type and value of a default such as 5, 1e-4, [1,1], true, "mean", f32.
std::pair<std::string, Attr> parse_default(const std::string& text) {
  if (text == "true" || text == "false") return {"bool", text == "true"};
  if (text.front() == '"') return {"str", text.substr(1, text.size() - 2)};
  if (text.front() == '[') {
    const auto parts = split(text.substr(1, text.size() - 2));
    bool whole = true;
    for (const auto& p : parts) whole &= p.find_first_of(".e") == std::string::npos;
    if (!whole) {
      std::vector<double> values;
      for (const auto& p : parts) values.push_back(number<double>(p));
      return {"floats", values};
    }
    Dims d;
    for (const auto& p : parts) d.push_back(number<int64_t>(p));
    return {"ints", d};
  }
  if (std::isalpha(static_cast<unsigned char>(text.front())) && text != "inf")
    return {"dtype", dtype_named(text)};
  if (text.find_first_of(".ein") != std::string::npos) return {"float", number<double>(text)};
  return {"int", number<int64_t>(text)};
}

Signature::TensorArg parse_tensor(std::string text) {
  Signature::TensorArg arg;
  if (const size_t at = text.find('@'); at != std::string::npos) {
    arg.dtype = dtype_named(text.substr(at + 1));
    text = text.substr(0, at);
  }
  for (; !text.empty() && std::strchr("?*!", text.back()); text.pop_back()) {
    arg.optional |= text.back() == '?';
    arg.list |= text.back() == '*';
    arg.mutated |= text.back() == '!';
  }
  arg.name = text;
  return arg;
}

}  // namespace

Signature Signature::parse(const std::string& text) {
  Signature s;
  const size_t open = text.find('('), close = text.rfind(')', text.find("->"));
  check(open != std::string::npos && close != std::string::npos && open < close,
        "signature {} has no argument list", text);
  s.name = trim(text.substr(0, open));
  bool mutates = false;
  for (const auto& part : split(text.substr(open + 1, close - open - 1))) {
    if (const size_t eq = part.find('='); eq != std::string::npos) {
      auto [type, value] = parse_default(trim(part.substr(eq + 1)));
      s.attrs.push_back({trim(part.substr(0, eq)), type, value});
    } else if (const size_t colon = part.find(':'); colon != std::string::npos) {
      s.attrs.push_back({trim(part.substr(0, colon)), trim(part.substr(colon + 1)), {}});
    } else {
      s.tensors.push_back(parse_tensor(part));
      mutates |= s.tensors.back().mutated;
    }
  }
  const size_t arrow = text.find("->", close);
  if (arrow == std::string::npos) {
    if (!mutates) s.results = {"y"};
    return s;
  }
  std::string results = trim(text.substr(arrow + 2));
  if (results.front() == '(') results = results.substr(1, results.size() - 2);
  s.results = split(results);
  return s;
}

int Signature::attr_index(std::string_view wanted) const {
  for (size_t i = 0; i < attrs.size(); ++i)
    if (attrs[i].name == wanted) return int(i);
  return -1;
}

int Signature::tensor_index(std::string_view wanted) const {
  for (size_t i = 0; i < tensors.size(); ++i)
    if (tensors[i].name == wanted) return int(i);
  return -1;
}

template <class T>
const T& AttrReader::get(const char* name) const {
  const int i = op_->parsed.attr_index(name);
  check(i >= 0, "[{}] has no attribute {}", op_->name(), name);
  const Attr& attr = (*attrs_)[size_t(i)];
  const T* value = std::get_if<T>(&attr);
  if constexpr (std::is_same_v<T, int64_t> || std::is_same_v<T, double>)
    if (const auto* live = std::get_if<Live<T>>(&attr)) value = live->value.get();
  check(value, "[{}] attribute {} has another type", op_->name(), name);
  return *value;
}
template const bool& AttrReader::get(const char*) const;
template const int64_t& AttrReader::get(const char*) const;
template const double& AttrReader::get(const char*) const;
template const std::string& AttrReader::get(const char*) const;
template const Dims& AttrReader::get(const char*) const;
template const std::vector<double>& AttrReader::get(const char*) const;
template const DType& AttrReader::get(const char*) const;

Dims AttrReader::d(const char* name, int n) const {
  const Dims& values = d(name);
  if (values.size() == n) return values;
  check(values.size() == 1, "{}={} wants 1 or {} entries", name, values, n);
  return Dims::filled(n, values[0]);
}

namespace {

/// `value` as the type the signature asks for: integers serve as floats and single integers as lists.
Attr converted(const Op& op, const Signature::AttrArg& arg, const Attr& value) {
  auto is = [&]<class T>(T) { return std::holds_alternative<T>(value); };
  const auto* whole = std::get_if<int64_t>(&value);
  if (arg.type == "float" && whole) return double(*whole);
  if (arg.type == "ints" && whole) return Dims{*whole};
  if (arg.type == "floats" && is(Dims{})) {
    std::vector<double> values;
    for (int64_t v : std::get<Dims>(value)) values.push_back(double(v));
    return values;
  }
  const bool fits =
      (arg.type == "bool" && is(bool{})) || (arg.type == "int" && (whole || is(Live<int64_t>{}))) ||
      (arg.type == "float" && (is(double{}) || is(Live<double>{}))) ||
      (arg.type == "str" && is(std::string{})) || (arg.type == "ints" && is(Dims{})) ||
      (arg.type == "floats" && is(std::vector<double>{})) || (arg.type == "dtype" && is(DType{}));
  check(fits, "[{}] argument {} wants {} {}", op.name(), arg.name, arg.type == "int" ? "an" : "a", arg.type);
  return value;
}

}  // namespace

Attrs attrs_of(const Op& op, const NamedAttrs& named) {
  Attrs attrs(op.parsed.attrs.size());
  for (const auto& [name, value] : named) {
    const int i = op.parsed.attr_index(name);
    if (i < 0) {
      std::vector<std::string> names;
      for (const auto& a : op.parsed.attrs) names.push_back(a.name);
      fail("[{}] has no argument {}; it has: {}", op.name(), name, fmt::join(names, " "));
    }
    attrs[size_t(i)] = value;
  }
  for (size_t i = 0; i < attrs.size(); ++i) {
    const auto& arg = op.parsed.attrs[i];
    if (std::holds_alternative<std::monostate>(attrs[i])) attrs[i] = arg.fallback;
    check(!std::holds_alternative<std::monostate>(attrs[i]), "[{}] argument {} is missing", op.name(),
          arg.name);
    attrs[i] = converted(op, arg, attrs[i]);
  }
  return attrs;
}

}  // namespace fovea
