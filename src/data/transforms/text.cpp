// Pipelines as text, both ways.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "fovea/transforms.h"

namespace fovea::data {
namespace {

using Words = std::vector<std::string>;

struct Kind {
  const char* name;
  std::unique_ptr<Transform> (*make)();
};

template <class T>
Kind kind() {
  return {T().name(), [] { return std::unique_ptr<Transform>(new T); }};
}

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all{kind<Resize>(),
                                     kind<Cover>(),
                                     kind<Letterbox>(),
                                     kind<CenterCrop>(),
                                     kind<Pad>(),
                                     kind<RandomCrop>(),
                                     kind<RandomResizedCrop>(),
                                     kind<RandomRotation>(),
                                     kind<RandomAffine>(),
                                     kind<RandomHorizontalFlip>(),
                                     kind<RandomVerticalFlip>(),
                                     kind<RandomPerspective>(),
                                     kind<ElasticTransform>(),
                                     kind<ColorJitter>(),
                                     kind<Grayscale>(),
                                     kind<RandomGrayscale>(),
                                     kind<GaussianBlur>(),
                                     kind<RandomAdjustSharpness>(),
                                     kind<RandomAutocontrast>(),
                                     kind<RandomEqualize>(),
                                     kind<CLAHE>(),
                                     kind<RandomPosterize>(),
                                     kind<RandomSolarize>(),
                                     kind<RandomInvert>(),
                                     kind<RandomErasing>(),
                                     kind<Normalize>(),
                                     kind<RandAugment>(),
                                     kind<TrivialAugmentWide>(),
                                     kind<AugMix>(),
                                     kind<SanitizeBoundingBoxes>()};
  return all;
}

const char* const filter_names[] = {"nearest", "bilinear", "bicubic"};
const char* const padding_names[] = {"constant", "edge", "reflect", "symmetric"};

// ---- Values to text ----

std::string text(int64_t v) { return fmt::format("{}", v); }
std::string text(float v) { return fmt::format("{}", v); }
std::string text(bool v) { return v ? "true" : "false"; }
std::string text(const Range& v) { return fmt::format("{}..{}", v.low, v.high); }
std::string text(const Angle& v) {
  return v.low == -v.high ? text(v.high) : text(static_cast<const Range&>(v));
}
std::string text(const Factor& v) {
  const float amount = std::round((v.high - 1) * 1e4f) / 1e4f;  // 0.4, not 0.39999998
  return amount >= 0 && Factor(amount) == v ? text(amount) : text(static_cast<const Range&>(v));
}
std::string text(const Pair& v) { return v.x == v.y ? text(v.x) : fmt::format("{}/{}", v.x, v.y); }
std::string text(const Size& v) {
  return v.single ? text(v.height) : fmt::format("{}x{}", v.height, v.width);
}
std::string text(const Borders& v) {
  if (v.left != v.right || v.top != v.bottom)
    return fmt::format("{}/{}/{}/{}", v.left, v.top, v.right, v.bottom);
  return v.left == v.top ? text(v.left) : fmt::format("{}/{}", v.left, v.top);
}
std::string text(const Fill& v) { return fmt::format("{}", fmt::join(v.values, "/")); }
std::string text(Filter v) { return filter_names[size_t(v)]; }
std::string text(Padding v) { return padding_names[size_t(v)]; }

// ---- Text to values: each reads all of `s` into `v`, or returns what it wants instead ----

/// The parts of `s` between `separator`, which does not count inside of parentheses.
Words split(const std::string& s, char separator) {
  Words parts{""};
  int depth = 0;
  for (const char c : s) {
    depth += (c == '(') - (c == ')');
    if (c == separator && depth == 0) parts.emplace_back();
    else parts.back() += c;
  }
  for (std::string& part : parts) part = trimmed(part);
  return parts;
}

template <class N>
bool number(const std::string& s, N& v) {
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), v);
  if constexpr (std::is_floating_point_v<N>)
    if (!std::isfinite(v)) return false;
  return error == std::errc{} && end == s.data() + s.size() && !s.empty();
}

template <class N>
bool numbers(const std::string& s, char separator, std::vector<N>& v) {
  for (const std::string& part : split(s, separator))
    if (!number(part, v.emplace_back())) return false;
  return true;
}

const char* read(const std::string& s, int64_t& v) { return number(s, v) ? nullptr : "a whole number"; }
const char* read(const std::string& s, float& v) { return number(s, v) ? nullptr : "a number"; }
const char* read(const std::string& s, bool& v) {
  v = s == "true";
  return v || s == "false" ? nullptr : "true or false";
}
const char* read(const std::string& s, Range& v) {
  const size_t dots = s.find("..");
  const bool ok = dots != s.npos && number(s.substr(0, dots), v.low) && number(s.substr(dots + 2), v.high);
  return ok ? nullptr : "a range as 0.5..1";
}
template <class T>
const char* read_centred(const std::string& s, T& v) {
  float amount;
  if (number(s, amount)) return v = T(amount), nullptr;
  return read(s, static_cast<Range&>(v)) ? "a number or a range as -5..20" : nullptr;
}
const char* read(const std::string& s, Angle& v) { return read_centred(s, v); }
const char* read(const std::string& s, Factor& v) { return read_centred(s, v); }
const char* read(const std::string& s, Pair& v) {
  std::vector<float> n;
  if (!numbers(s, '/', n) || n.size() > 2) return "a number, or two as 0.1/0.2";
  v = n.size() == 1 ? Pair(n[0]) : Pair(n[0], n[1]);
  return nullptr;
}
const char* read(const std::string& s, Size& v) {
  std::vector<int64_t> n;
  if (!numbers(s, 'x', n) || n.size() > 2) return "a size, or height x width as 240x320";
  v = n.size() == 1 ? Size(n[0]) : Size(n[0], n[1]);
  return nullptr;
}
const char* read(const std::string& s, Borders& v) {
  std::vector<int64_t> n;
  if (!numbers(s, '/', n) || n.size() == 3 || n.size() > 4)
    return "pixels as 4, 8/4 or left/top/right/bottom";
  v = n.size() == 1 ? Borders(n[0]) : n.size() == 2 ? Borders(n[0], n[1]) : Borders(n[0], n[1], n[2], n[3]);
  return nullptr;
}
const char* read(const std::string& s, Fill& v) {
  v.values.clear();
  return numbers(s, '/', v.values) ? nullptr : "a number, or one for each channel as 124/116/104";
}
template <class E, size_t n>
const char* read_name(const std::string& s, E& v, const char* const (&names)[n], const char* wanted) {
  const auto found = std::find(std::begin(names), std::end(names), s);
  if (found == std::end(names)) return wanted;
  v = E(found - std::begin(names));
  return nullptr;
}
const char* read(const std::string& s, Filter& v) {
  return read_name(s, v, filter_names, "nearest, bilinear or bicubic");
}
const char* read(const std::string& s, Padding& v) {
  return read_name(s, v, padding_names, "constant, edge, reflect or symmetric");
}

// ---- Transforms ----

std::string lower(std::string s) {
  for (char& c : s) c = char(std::tolower(static_cast<unsigned char>(c)));
  return s;
}

std::string text_of(const Argument& a) {
  return std::visit([](const auto* v) { return text(*v); }, a.value);
}

const Kind* kind_named(const std::string& name) {
  for (const Kind& k : kinds())
    if (lower(k.name) == lower(name)) return &k;
  return nullptr;
}

/// " Did you mean X?" for the nearest of `names` whatever the case, or nothing.
std::string hint(const std::string& word, const Words& names) {
  Words lowered(names.size());
  std::transform(names.begin(), names.end(), lowered.begin(), lower);
  const auto found = std::find(lowered.begin(), lowered.end(), nearest(lower(word), lowered));
  return found == lowered.end() ? ""
                                : fmt::format(" Did you mean {}?", names[size_t(found - lowered.begin())]);
}

/// The place among `names` of the argument that word `i`, "value" or "name=value", sets.
size_t place_of(const Transform& t, const std::string& word, size_t i, const Words& names,
                bool named_before) {
  const size_t equals = word.find('=');
  if (equals == word.npos) {
    check(!named_before, "[{}] {} stands behind an argument with a name and wants its own", t.name(), word);
    check(i < names.size(), "[{}] has no room for {}: it takes {}", t.name(), word, fmt::join(names, ", "));
    return i;
  }
  const std::string key = trimmed(word.substr(0, equals));
  const auto found = std::find(names.begin(), names.end(), key);
  check(found != names.end(), "[{}] has no argument {}: it takes {}.{}", t.name(), key,
        fmt::join(names, ", "), hint(key, names));
  return size_t(found - names.begin());
}

/// Sets the arguments of `t` to `words`, in order or by name.
void set_arguments(Transform& t, const Words& words) {
  const std::vector<Argument> all = t.arguments();
  Words names;
  for (const Argument& a : all) names.emplace_back(a.name);
  std::vector<bool> given(all.size());
  bool named = false;
  for (size_t i = 0; i < words.size(); ++i) {
    const size_t at = place_of(t, words[i], i, names, named), equals = words[i].find('=');
    named |= equals != std::string::npos;
    check(!given[at], "[{}] {} is given twice", t.name(), names[at]);
    given[at] = true;
    const std::string value = equals == std::string::npos ? words[i] : trimmed(words[i].substr(equals + 1));
    const char* const wanted = std::visit([&](auto* v) { return read(value, *v); }, all[at].value);
    check(!wanted, "[{}] {}={} is not {}", t.name(), names[at], value, wanted ? wanted : "");
  }
}

std::shared_ptr<const Transform> parse_one(const std::string& word) {
  const size_t open = word.find('(');
  const std::string name = trimmed(word.substr(0, open));
  const Kind* kind = kind_named(name);
  check(kind, "there is no transform {}.{} Known: {}", name, hint(name, transform_names()),
        fmt::join(transform_names(), ", "));
  check(open == word.npos || word.back() == ')', "[{}] its parenthesis is not closed: {}", kind->name, word);
  std::shared_ptr<Transform> t = kind->make();
  const std::string inside = open == word.npos ? "" : trimmed(word.substr(open + 1, word.size() - open - 2));
  if (!inside.empty()) set_arguments(*t, split(inside, ','));
  t->check_arguments();
  return t;
}

}  // namespace

std::vector<std::string> transform_names() {
  Words names;
  for (const Kind& k : kinds()) names.emplace_back(k.name);
  return names;
}

std::string Transform::describe() const {
  const auto all = const_cast<Transform*>(this)->arguments();  // which are read only
  const Kind* const kind = kind_named(name());
  const std::unique_ptr<Transform> usual = kind ? kind->make() : nullptr;
  const auto defaults = usual ? usual->arguments() : std::vector<Argument>{};
  std::string out;
  for (size_t i = 0; i < all.size(); ++i) {
    const std::string value = text_of(all[i]);
    if (i == 0) out = value;
    else if (!usual || value != text_of(defaults[i])) out += fmt::format(", {}={}", all[i].name, value);
  }
  return fmt::format("{}({})", name(), out);
}

Compose parse_transforms(const std::string& text) {
  Compose out;
  if (trimmed(text).empty() || lower(trimmed(text)) == "none") return out;
  for (const std::string& word : split(text, ',')) {
    check(!word.empty(), "transforms '{}': there is nothing between two commas", text);
    out.push_back(parse_one(word));
  }
  return out;
}

}  // namespace fovea::data
