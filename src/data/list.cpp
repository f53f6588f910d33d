// A table of image files with what is to be learned of them.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "data/csv.h"
#include "fovea/files.h"
#include "fovea/sampler.h"

namespace fovea::data {
namespace {

namespace fs = std::filesystem;

constexpr size_t largest = size_t{1} << 30, most_listed = 1000;

std::string lower(std::string text) {
  for (char& c : text) c = char(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::string trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t");
  return first == text.npos ? "" : text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

/// A finite number.
std::optional<double> number_in(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return {};
  return value;
}

/// "cat|dog" as cat, dog
std::vector<std::string> labels_in(const std::string& cell) {
  std::vector<std::string> labels;
  for (size_t at = 0; at <= cell.size();) {
    const size_t end = std::min(cell.find('|', at), cell.size());
    if (std::string label = trimmed(cell.substr(at, end - at)); !label.empty()) labels.push_back(label);
    at = end + 1;
  }
  return labels;
}

/// The characters of UTF-8: a byte and those that continue it.
std::vector<std::string> characters_of(const std::string& text) {
  std::vector<std::string> all;
  for (const char byte : text)
    if (all.empty() || (uint8_t(byte) & 0xc0) != 0x80) all.emplace_back(1, byte);
    else all.back() += byte;
  return all;
}

/// Numbers by their size, other names by the alphabet.
std::vector<std::string> in_order(const std::set<std::string>& names) {
  std::vector<std::string> all(names.begin(), names.end());
  if (std::all_of(all.begin(), all.end(), [](const auto& name) { return number_in(name).has_value(); }))
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return *number_in(a) < *number_in(b); });
  return all;
}

struct Row {
  FileExample example;
  std::string part, group;
};

class List {
 public:
  List(const std::string& file, const OpenOptions& options) : file_(file), options_(options) {
    const Bytes bytes = read_file(file, largest);
    table_ = parse_csv({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, file);
    check(table_.size() > 1, "{} has no rows below its head", file);
    find_columns();
    task_ = options.task ? *options.task : task_by_columns();
    check(task_ != Task::segment,
          "{}: a table has no masks to segment by: data= a folder of images/ and masks/", file);
    check_columns();
    find_classes();
    for (size_t r = 1; r < table_.size(); ++r) take(table_[r]);
    check(!rows_.empty(), "{} has no row that can be used{}", file,
          warnings_.empty() ? "" : ": " + warnings_[0]);
  }

  std::shared_ptr<Dataset> dataset(Split split) const;

 private:
  void find_columns();
  Task task_by_columns() const;
  void check_columns() const;
  void find_classes();
  void take(const CsvRow& row);
  std::string problem_of(const CsvRow& row, Row& made) const;
  std::string target_problem(const CsvRow& row, FileExample& example) const;
  std::string string_problem(const CsvRow& row, FileExample& example) const;
  std::vector<bool> validation() const;
  void warn(int64_t line, const std::string& text) {
    if (++wrong_ <= int64_t(most_listed)) warnings_.push_back(fmt::format("{}:{}: {}", file_, line, text));
  }
  std::string cell(const CsvRow& row, int column) const {
    return size_t(column) < row.cells.size() ? trimmed(row.cells[size_t(column)]) : "";
  }

  std::string file_;
  const OpenOptions& options_;
  std::vector<CsvRow> table_;
  int path_ = -1, label_ = -1, text_ = -1, split_ = -1, group_ = -1, weight_ = -1;
  std::vector<int> values_;  // the columns that are numbers
  Task task_ = Task::classify;
  std::vector<std::string> classes_;
  std::map<std::string, int64_t> numbers_;  // of the classes
  std::vector<Row> rows_;
  std::vector<std::string> warnings_;
  int64_t wrong_ = 0;
};

void List::find_columns() {
  const auto& head = table_[0].cells;
  for (int c = 0; c < int(head.size()); ++c) {
    const std::string name = lower(trimmed(head[size_t(c)]));
    int* place = nullptr;
    if (name == "path" || name == "image" || name == "file" || name == "filename") place = &path_;
    else if (name == "label" || name == "labels" || name == "class") place = &label_;
    else if (name == "text") place = &text_;
    else if (name == "split") place = &split_;
    else if (name == "group") place = &group_;
    else if (name == "weight") place = &weight_;
    else values_.push_back(c);
    check(!place || *place < 0, "{}:{}: a second column {}", file_, table_[0].line, name);
    if (place) *place = c;
  }
  check(path_ >= 0, "{}:{}: its head has no column path, image, file or filename: {}", file_, table_[0].line,
        fmt::join(head, ","));
  check(label_ >= 0 || text_ >= 0 || !values_.empty(),
        "{}:{}: its head has no column label, none text and none with numbers: {}", file_, table_[0].line,
        fmt::join(head, ","));
}

/// What the task asks for is there.
void List::check_columns() const {
  if (task_ == Task::transcribe) check(text_ >= 0, "{}: task=transcribe wants a column text", file_);
  if (task_ == Task::classify) check(label_ >= 0, "{}: task=classify wants a column label", file_);
  if (task_ == Task::regress) check(!values_.empty(), "{}: task=regress wants a column of numbers", file_);
}

Task List::task_by_columns() const {
  if (text_ >= 0 && label_ < 0) return Task::transcribe;
  if (label_ >= 0) {
    const bool several = std::any_of(table_.begin() + 1, table_.end(), [&](const CsvRow& row) {
      return cell(row, label_).find('|') != std::string::npos;
    });
    return several ? Task::multilabel : Task::classify;
  }
  const auto flag = [&](const CsvRow& row, int column) {
    const std::string text = cell(row, column);
    return text == "0" || text == "1";
  };
  const bool flags = std::all_of(table_.begin() + 1, table_.end(), [&](const CsvRow& row) {
    return std::all_of(values_.begin(), values_.end(), [&](int column) { return flag(row, column); });
  });
  return flags && values_.size() > 1 ? Task::multilabel : Task::regress;
}

void List::find_classes() {
  if (task_ != Task::transcribe && (task_ == Task::regress || label_ < 0)) {
    for (const int column : values_) classes_.push_back(trimmed(table_[0].cells[size_t(column)]));
    return;
  }
  std::set<std::string> names;
  for (size_t r = 1; r < table_.size(); ++r) {
    const std::string text = cell(table_[r], task_ == Task::transcribe ? text_ : label_);
    if (task_ == Task::transcribe)
      for (const auto& character : characters_of(text)) names.insert(character);
    if (task_ == Task::classify && !text.empty()) names.insert(text);
    if (task_ == Task::multilabel)
      for (const auto& label : labels_in(text)) names.insert(label);
  }
  const bool given = task_ == Task::transcribe && !options_.alphabet.empty();
  classes_ = given ? options_.alphabet : in_order(names);
  for (size_t c = 0; c < classes_.size(); ++c) numbers_[classes_[c]] = int64_t(c);
}

std::string List::string_problem(const CsvRow& row, FileExample& example) const {
  const std::string text = cell(row, text_);
  if (text.empty()) return "it has no text";
  for (const auto& character : characters_of(text)) {
    const auto found = numbers_.find(character);
    if (found == numbers_.end())
      return fmt::format("its text \"{}\" has a '{}', which is not in the alphabet {}", text, character,
                         fmt::join(classes_, ""));
    example.string.push_back(found->second);
  }
  return "";
}

/// What is wrong with the labels, numbers or text of `row`; empty if nothing is.
std::string List::target_problem(const CsvRow& row, FileExample& example) const {
  if (task_ == Task::transcribe) return string_problem(row, example);
  if (task_ == Task::classify) {
    const std::string label = cell(row, label_);
    if (label.empty()) return "it has no label";
    example.label = numbers_.at(label);
    return "";
  }
  example.target.assign(classes_.size(), 0);
  if (task_ == Task::multilabel && label_ >= 0) {
    for (const auto& label : labels_in(cell(row, label_))) example.target[size_t(numbers_.at(label))] = 1;
    return "";
  }
  for (size_t k = 0; k < values_.size(); ++k) {
    const std::string text = cell(row, values_[k]);
    const auto value = number_in(text);
    const bool flag = value && (*value == 0 || *value == 1);
    if (!value || !std::isfinite(float(*value)) || (task_ == Task::multilabel && !flag))
      return fmt::format("its {} is \"{}\", not {}", classes_[k], text,
                         task_ == Task::multilabel ? "0 or 1" : "a finite number");
    example.target[k] = float(*value);
  }
  return "";
}

std::string List::problem_of(const CsvRow& row, Row& made) const {
  const size_t wanted = table_[0].cells.size();
  if (row.cells.size() != wanted)
    return fmt::format("it has {} cells, the head {}", row.cells.size(), wanted);
  const std::string path = cell(row, path_);
  if (path.empty()) return "it names no file";
  made.example.path = (fs::path(file_).parent_path() / path).lexically_normal().string();
  if (!is_file(made.example.path)) return fmt::format("file {} is missing", made.example.path);
  if (weight_ >= 0) {
    const auto weight = number_in(cell(row, weight_));
    if (!weight || *weight < 0)
      return fmt::format("its weight is \"{}\", no number from 0 on", cell(row, weight_));
    made.example.weight = float(*weight);
  }
  if (split_ >= 0) {
    const std::string part = lower(cell(row, split_));
    if (part != "train" && part != "val" && part != "valid" && part != "validation" && part != "test")
      return fmt::format("its split is \"{}\", not train, val or test", part);
    made.part = part == "train" ? "train" : "val";
  }
  if (group_ >= 0) made.group = cell(row, group_);
  return target_problem(row, made.example);
}

void List::take(const CsvRow& row) {
  Row made;
  if (const std::string text = problem_of(row, made); !text.empty()) warn(row.line, text);
  else rows_.push_back(std::move(made));
}

/// Which rows are for validation.
std::vector<bool> List::validation() const {
  if (split_ >= 0) {
    std::vector<bool> val;
    for (const Row& row : rows_) val.push_back(row.part == "val");
    return val;
  }
  if (group_ >= 0) {
    std::vector<std::string> groups;
    for (const Row& row : rows_) groups.push_back(row.group);
    return group_split(groups, options_.val, options_.seed);
  }
  std::vector<int64_t> labels;
  for (const Row& row : rows_) labels.push_back(row.example.label);
  return stratified_split(labels, options_.val, options_.seed);
}

std::shared_ptr<Dataset> List::dataset(Split split) const {
  const std::vector<bool> val = validation();
  std::vector<FileExample> examples;
  std::vector<std::string> all;
  for (size_t i = 0; i < rows_.size(); ++i) {
    all.push_back(rows_[i].example.path);
    if (val[i] == (split == Split::val)) examples.push_back(rows_[i].example);
  }
  check(!examples.empty(), "{}: no rows are left for {}", file_, name_of(split));
  FileDataset::Info info{
      .name = file_, .split = split, .classes = classes_, .warnings = warnings_, .task = task_};
  if (wrong_ > int64_t(most_listed))
    info.warnings.push_back(fmt::format("{} rows in all cannot be used", thousands(wrong_)));
  return std::make_shared<FileDataset>(std::move(info), std::move(examples), survey_files(all, options_),
                                       options_);
}

}  // namespace

std::shared_ptr<Dataset> open_list(const std::string& file, Split split, const OpenOptions& options) {
  return List(file, options).dataset(split);
}

}  // namespace fovea::data
