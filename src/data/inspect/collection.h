// Where the examples that inspect() looks at come from. Threads: picture() may run in many at once.
#pragma once
#include <mutex>
#include <set>

#include "fovea/inspect.h"

namespace fovea::data {

/// An example: which split, which place in it.
struct Place {
  Split split = Split::train;
  int64_t index = 0;
};

/// The splits of a data set, or the images below a folder that is none.
class Collection {
 public:
  Collection(const std::string& what, uint64_t seed);

  const std::string& name() const { return name_; }
  const std::vector<std::string>& classes() const { return classes_; }
  const std::vector<std::string>& warnings() const { return warnings_; }
  int64_t size(Split split) const;
  std::string where(Place place) const;
  int64_t label(Place place) const;
  /// Whether where() is a file that holds this example alone.
  bool is_file(Place place) const;
  /// The example as it is stored: what the file holds, or a table of an example in memory. Throws if
  /// unreadable.
  image::Image picture(Place place) const;
  /// Why a file that can be decoded cannot be read as the rest of its set is; empty if it can. Files of a
  /// kind that was found to fit are not tried again.
  std::string misfit(Place place, std::span<const uint8_t> bytes, const image::Header& header) const;

 private:
  void list_files(const std::string& folder);
  const Dataset& set(Split split) const { return *sets_[size_t(split)]; }

  std::string name_;
  std::vector<std::string> classes_, warnings_, files_;
  std::shared_ptr<Dataset> sets_[2];  // null: files_
  mutable std::mutex mutex_;          // of fitting_
  mutable std::set<std::string> fitting_;
};

}  // namespace fovea::data
