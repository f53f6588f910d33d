// The folder of one training run: runs/train/1, runs/train/2 ... with its settings and one line of results
// per epoch.
#pragma once
#include <string>
#include <utility>
#include <vector>

namespace fovea::train {

/// Makes and returns PROJECT/N with the first free number N, or PROJECT/NAME; if that exists NAME-2, NAME-3
/// ... unless `exist_ok`. Throws with the system's reason if it cannot be made.
std::string make_run_folder(const std::string& project, const std::string& name, bool exist_ok);

/// Keys with their values as text.
using Settings = std::vector<std::pair<std::string, std::string>>;
/// As a JSON object, numbers and truth values unquoted; atomically.
void save_settings(const std::string& path, const Settings& settings);
/// Throws unless `path` holds a JSON object of plain values.
Settings load_settings(const std::string& path);

/// The rows of results.csv. Throws if the file does not hold `columns` or a row is no list of numbers.
std::vector<std::vector<double>> read_results(const std::string& path,
                                              const std::vector<std::string>& columns);

/// results.csv: a head line, then one row per epoch, appended as training goes.
class ResultsFile {
 public:
  /// Starts the file; if `keep_rows` >= 0 an existing one is continued after its first so many rows.
  ResultsFile(std::string path, const std::vector<std::string>& columns, int64_t keep_rows = -1);
  /// Appends a row and hands it to the system before returning. *Requires* one value per column.
  void append(const std::vector<double>& values) const;
  std::vector<std::vector<double>> rows() const { return read_results(path_, columns_); }

 private:
  std::string path_;
  std::vector<std::string> columns_;
};

}  // namespace fovea::train
