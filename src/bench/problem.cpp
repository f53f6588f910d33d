#include "bench/problem.h"

#include <fmt/format.h>
#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/file.h"
#include "fovea/error.h"

namespace fovea::bench {
namespace {

constexpr int64_t largest_size = 1 << 20;
constexpr double most_elements = 1 << 30;  // of one tensor
constexpr size_t largest_file = 1 << 20;

struct Key {
  const char* name;
  int64_t Problem::*field;
  bool required;
};
const std::vector<Key> conv_keys{
    {"n", &Problem::n, true},       {"c", &Problem::c, true},        {"h", &Problem::h, true},
    {"w", &Problem::w, false},      {"o", &Problem::o, true},        {"k", &Problem::kernel, true},
    {"s", &Problem::stride, false}, {"p", &Problem::padding, false}, {"g", &Problem::groups, false}};
const std::vector<Key> linear_keys{
    {"n", &Problem::n, true}, {"in", &Problem::c, true}, {"out", &Problem::o, true}};

std::vector<std::string_view> words_of(std::string_view line) {
  constexpr const char* blanks = " \t\r";
  std::vector<std::string_view> words;
  for (size_t at = line.find_first_not_of(blanks); at != line.npos; at = line.find_first_not_of(blanks, at)) {
    const size_t end = std::min(line.find_first_of(blanks, at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

std::string_view without_comment(std::string_view line) { return line.substr(0, line.find('#')); }

const Key& key_named(std::string_view name, const std::vector<Key>& keys) {
  std::vector<std::string> known;
  for (const Key& k : keys) {
    if (name == k.name) return k;
    known.emplace_back(k.name);
  }
  fail("unknown key '{}': there are {}", name, fmt::join(known, ", "));
}

int64_t size_in(std::string_view word, std::string_view text, bool zero_allowed) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  check(error == std::errc{} && end == text.data() + text.size() && value >= (zero_allowed ? 0 : 1) &&
            value <= largest_size,
        "{} is no whole number from {} to {}", word, zero_allowed ? 0 : 1, largest_size);
  return value;
}

void check_consistent(const Problem& p) {
  check(p.c % p.groups == 0 && p.o % p.groups == 0, "c={} and o={} do not divide into g={} groups", p.c, p.o,
        p.groups);
  check(p.kernel <= std::min(p.h, p.w) + 2 * p.padding, "the window k={} is larger than {}x{} with p={}",
        p.kernel, p.h, p.w, p.padding);
  const double in = double(p.n) * double(p.c) * double(p.h) * double(p.w),
               out = double(p.n) * double(p.o) * double(p.out_h()) * double(p.out_w()),
               weight = double(p.c / p.groups) * double(p.o) * double(p.kernel) * double(p.kernel);
  check(std::max({in, out, weight}) <= most_elements, "a tensor of more than {:.0f} elements is no layer's",
        most_elements);
}

void append_file(const std::string& path, std::vector<Problem>& all) {
  const Bytes bytes = read_file(path, largest_file);
  std::string_view rest(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (int number = 1; !rest.empty(); ++number) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (words_of(without_comment(line)).empty()) continue;
    try {
      all.push_back(parse_problem(line));
    } catch (const Error& e) {
      fail("{}:{}: {}", path, number, e.what());
    }
  }
}

}  // namespace

double Problem::flops() const {
  return 2.0 * double(n * out_h() * out_w()) * double(o * (c / groups)) * double(kernel * kernel);
}

Problem parse_problem(std::string_view line) {
  const auto words = words_of(without_comment(line));
  check(!words.empty() && (words[0] == "conv" || words[0] == "linear"),
        "a problem starts with conv or linear, not '{}'", words.empty() ? "" : words[0]);
  Problem p{.text = fmt::format("{}", fmt::join(words, " ")), .linear = words[0] == "linear"};
  const auto& keys = p.linear ? linear_keys : conv_keys;
  std::vector<const Key*> seen;
  for (size_t i = 1; i < words.size(); ++i) {
    const size_t equals = words[i].find('=');
    check(equals != words[i].npos, "'{}' is not key=number", words[i]);
    const Key& key = key_named(words[i].substr(0, equals), keys);
    check(std::find(seen.begin(), seen.end(), &key) == seen.end(), "{} is given twice", key.name);
    p.*key.field = size_in(words[i], words[i].substr(equals + 1), key.field == &Problem::padding);
    seen.push_back(&key);
  }
  for (const Key& k : keys) {
    const bool given = std::find(seen.begin(), seen.end(), &k) != seen.end();
    check(given || !k.required, "{}= is missing", k.name);
    if (!given && k.field == &Problem::w) p.w = p.h;
  }
  check_consistent(p);
  return p;
}

std::vector<Problem> read_problems(const std::string& path) {
  std::vector<std::string> files{path};
  if (std::filesystem::is_directory(path)) {
    files.clear();
    for (const auto& entry : std::filesystem::directory_iterator(path))
      if (entry.path().extension() == ".txt") files.push_back(entry.path().string());
    std::sort(files.begin(), files.end());
  }
  std::vector<Problem> all;
  for (const auto& file : files) append_file(file, all);
  check(!all.empty(), "there are no problems in {}", path);
  return all;
}

}  // namespace fovea::bench
