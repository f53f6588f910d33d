// WebDataset: tar shards in which the files of an example follow each other under one name: 000.jpg, 000.cls.
// The headers are read once when the set is opened; then every example is one read at a known place, so that
// shards shuffle, split and are weighted as any other set.
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/parallel.h"
#include "data/tar.h"
#include "fovea/files.h"
#include "fovea/sampler.h"

namespace fovea::data {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int64_t most_shards = 100'000, longest_label = 1 << 20, surveyed = 32;
constexpr size_t most_listed = 1000;

struct Member {
  std::string shard, name, label;
  TarEntry picture;
};

bool is_shard_text(const std::string& text) { return text.ends_with(".tar"); }

/// "a-{000..012}.tar" as its names; a text without braces as itself.
std::vector<std::string> expanded(const std::string& text) {
  const size_t open = text.find('{'), dots = text.find("..", open), close = text.find('}', dots);
  if (open == text.npos || dots == text.npos || close == text.npos) return {text};
  const std::string first = text.substr(open + 1, dots - open - 1),
                    last = text.substr(dots + 2, close - dots - 2);
  int64_t low = -1, high = -1;
  std::from_chars(first.data(), first.data() + first.size(), low);
  std::from_chars(last.data(), last.data() + last.size(), high);
  check(low >= 0 && high >= low && high - low < most_shards,
        "{}: braces hold two numbers as {{000..009}}, at most {} apart", text, most_shards);
  std::vector<std::string> all;
  for (int64_t i = low; i <= high; ++i)
    for (const std::string& rest : expanded(text.substr(close + 1)))
      all.push_back(fmt::format("{}{:0{}}{}", text.substr(0, open), i, first.size(), rest));
  return all;
}

std::vector<std::string> shards_of(const std::string& what) {
  std::vector<std::string> shards;
  if (is_shard_text(what)) shards = expanded(what);
  else
    for (const auto& entry : fs::directory_iterator(what))
      if (is_shard_text(entry.path().string())) shards.push_back(entry.path().string());
  std::sort(shards.begin(), shards.end());
  return shards;
}

std::string trimmed(std::string text) {
  while (!text.empty() && std::isspace(uint8_t(text.back()))) text.pop_back();
  return text;
}

/// The label in a .cls, .txt or .json.
std::string label_of(const std::string& shard, const TarEntry& entry, bool is_json) {
  check(entry.size <= longest_label, "{} has {} bytes, too many for a label", entry.name, entry.size);
  const Bytes bytes = read_entry(shard, entry);
  if (!is_json) return trimmed({bytes.begin(), bytes.end()});
  const json parsed = json::parse(bytes, nullptr, false);
  check(parsed.is_object(), "{} is no JSON object", entry.name);
  for (const char* key : {"label", "cls", "class"})
    if (const auto it = parsed.find(key); it != parsed.end() && (it->is_string() || it->is_number_integer()))
      return it->is_string() ? it->get<std::string>() : it->dump();
  fail("{} has neither label nor cls", entry.name);
}

/// The examples of one shard; what is wrong goes to `problems`.
std::vector<Member> members_of(const std::string& shard, std::vector<std::string>& problems) {
  std::vector<Member> members;
  std::vector<TarEntry> entries;
  try {
    entries = tar_index(shard);
  } catch (const Error& e) {
    problems.push_back(e.what());
    return members;
  }
  std::string key;
  const auto finish = [&] {
    if (members.empty() || members.back().name != key) return;
    const char* lacks = members.back().picture.name.empty() ? "picture" : "label (.cls, .txt or .json)";
    if (!members.back().picture.name.empty() && !members.back().label.empty()) return;
    problems.push_back(fmt::format("{}/{}: it has no {}", shard, key, lacks));
    members.pop_back();
  };
  for (const TarEntry& entry : entries) {
    const size_t slash = entry.name.rfind('/'), base = slash == entry.name.npos ? 0 : slash + 1;
    const size_t dot = std::min(entry.name.find('.', base), entry.name.size());
    if (dot == base) continue;  // hidden
    if (const std::string own = entry.name.substr(0, dot); own != key || members.empty()) {
      finish();
      key = own;
      members.push_back({.shard = shard, .name = key, .label = {}, .picture = {}});
    }
    const std::string extension = entry.name.substr(dot);
    try {
      if (image::is_image_name(entry.name)) members.back().picture = entry;
      else if (extension == ".cls" || extension == ".txt" || extension == ".json")
        members.back().label = label_of(shard, entry, extension == ".json");
    } catch (const Error& e) {
      problems.push_back(fmt::format("{}: {}", shard, e.what()));
    }
  }
  finish();
  return members;
}

class WebDataset : public FileDataset {
 public:
  WebDataset(Info info, std::vector<FileExample> examples, const PictureSurvey& survey,
             const OpenOptions& options, std::vector<Member> members)
      : FileDataset(std::move(info), std::move(examples), survey, options), members_(std::move(members)) {}
  Tensor picture(int64_t index) const override {
    const Member& m = members_[size_t(index)];
    return decode_picture(read_entry(m.shard, m.picture), where(index), *format());
  }
  std::span<const uint8_t> picture_file(int64_t index, Bytes& memory) const override {
    if (!is_plain_jpeg(index)) return {};
    const Member& m = members_[size_t(index)];
    return memory = read_entry(m.shard, m.picture);
  }
  std::string source(int64_t index) const override { return members_[size_t(index)].shard; }

 private:
  std::vector<Member> members_;
};

/// Classes by their names; numbers in their order.
std::map<std::string, int64_t> numbered(const std::vector<Member>& members) {
  std::set<std::string> names;
  for (const Member& m : members) names.insert(m.label);
  std::vector<std::string> order(names.begin(), names.end());
  const auto is_number = [](const std::string& s) {
    return s.size() < 10 && std::all_of(s.begin(), s.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  if (std::all_of(order.begin(), order.end(), is_number))
    std::sort(order.begin(), order.end(),
              [](const auto& a, const auto& b) { return std::stol(a) < std::stol(b); });
  std::map<std::string, int64_t> numbers;
  for (const std::string& name : order) numbers.emplace(name, int64_t(numbers.size()));
  return numbers;
}

PictureSurvey survey_members(const std::vector<Member>& members) {
  PictureSurvey survey;
  const auto n = int64_t(members.size());
  std::string first_error;
  for (int64_t k = 0, wanted = std::min(n, surveyed); k < wanted; ++k) try {
      const Member& m = members[size_t(k * n / wanted)];
      survey.add(image::probe(read_entry(m.shard, m.picture), m.shard + "/" + m.picture.name));
    } catch (const Error& e) {
      if (first_error.empty()) first_error = e.what();
    }
  check(!survey.empty(), "no picture in the shards can be read: {}", first_error);
  return survey;
}

/// Which members are for validation: by the names of their shards, else of each class some.
std::vector<bool> validation_of(const std::vector<Member>& members, const std::vector<int64_t>& labels,
                                const OpenOptions& options) {
  const auto names_val = [](const Member& m) {
    const std::string name = fs::path(m.shard).filename().string();
    return name.find("val") != name.npos || name.find("test") != name.npos;
  };
  if (std::none_of(members.begin(), members.end(), names_val))
    return stratified_split(labels, options.val, options.seed);
  std::vector<bool> val;
  for (const Member& m : members) val.push_back(names_val(m));
  return val;
}

}  // namespace

bool is_webdataset(const std::string& what) {
  if (is_shard_text(what)) return true;
  std::error_code error;
  const fs::directory_iterator folder(what, error);
  return !error && std::any_of(begin(folder), end(folder),
                               [](const auto& entry) { return is_shard_text(entry.path().string()); });
}

std::shared_ptr<Dataset> open_webdataset(const std::string& what, Split split, const OpenOptions& options) {
  check(options.world > 0 && options.rank >= 0 && options.rank < options.world, "rank={} is none of world={}",
        options.rank, options.world);
  std::vector<std::string> shards;
  const std::vector<std::string> of_all = shards_of(what);
  for (size_t i = size_t(options.rank); i < of_all.size(); i += size_t(options.world))
    shards.push_back(of_all[i]);
  check(!shards.empty(), "{} has {} shards, too few for rank {} of {}", what, of_all.size(), options.rank,
        options.world);
  std::vector<std::vector<Member>> parts(shards.size());
  std::vector<std::vector<std::string>> problems(shards.size());
  parallel_for(int64_t(shards.size()), 1, [&](int64_t begin, int64_t end) {
    for (size_t i = size_t(begin); i < size_t(end); ++i) parts[i] = members_of(shards[i], problems[i]);
  });
  FileDataset::Info info{.name = what, .split = split};
  std::vector<Member> all;
  for (size_t i = 0; i < shards.size(); ++i) {
    std::move(parts[i].begin(), parts[i].end(), std::back_inserter(all));
    for (auto& text : problems[i])
      if (info.warnings.size() < most_listed) info.warnings.push_back(std::move(text));
  }
  check(!all.empty(), "{}: no examples with a picture and a label{}", what,
        info.warnings.empty() ? "" : ": " + info.warnings[0]);
  const auto numbers = numbered(all);
  info.classes.resize(numbers.size());
  for (const auto& [name, number] : numbers) info.classes[size_t(number)] = name;
  std::vector<int64_t> labels;
  for (const Member& m : all) labels.push_back(numbers.at(m.label));
  const std::vector<bool> val = validation_of(all, labels, options);
  const PictureSurvey survey = survey_members(all);
  std::vector<Member> members;
  std::vector<FileExample> examples;
  for (size_t i = 0; i < all.size(); ++i)
    if (val[i] == (split == Split::val)) {
      examples.push_back({.path = all[i].shard + "/" + all[i].picture.name, .label = labels[i]});
      members.push_back(std::move(all[i]));
    }
  check(!examples.empty(), "{}: no examples are left for {}", what, name_of(split));
  check(!options.frames || options.frames->kind != Frames::each,
        "{}: each frame as an example of its own is not possible in shards", what);
  return std::make_shared<WebDataset>(std::move(info), std::move(examples), survey, options,
                                      std::move(members));
}

}  // namespace fovea::data
