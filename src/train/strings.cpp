#include "fovea/strings.h"

#include <algorithm>
#include <map>

#include "data/stored.h"
#include "fovea/ops.h"

namespace fovea::train {
namespace {

/// From classes of the network, whose first is the blank, to characters.
nn::Labels characters_of(nn::Labels classes) {
  for (int64_t& c : classes) --c;
  return classes;
}

void check_steps(const Tensor& logits) {
  check(logits.rank() == 3,
        "a network that reads strings gives (N, steps, 1 + characters), as crnn does, and not {}",
        logits.describe());
}

}  // namespace

Tensor string_loss(const Tensor& logits, const Tensor& labels) {
  check_steps(logits);
  check(labels.rank() == 2 && labels.dtype() == i64 && labels.size(0) == logits.size(0),
        "labels of strings are i64 ({}, longest), not {}", logits.size(0), labels.describe());
  const Tensor written = cast(greater_equal(labels, full({}, 0, i64)), i64);
  const Tensor classes = add(labels, full({}, 1, i64));
  return ctc_loss(log_softmax(permute(logits, {1, 0, 2}), 2), classes,
                  full({logits.size(0)}, double(logits.size(1)), i64), sum(written, {1}));
}

std::vector<nn::Labels> strings_of(const Tensor& labels) {
  check(labels.rank() == 2 && labels.dtype() == i64, "labels of strings are i64 (N, longest), not {}",
        labels.describe());
  const std::vector<int64_t> all = labels.to_vector<int64_t>();
  const int64_t longest = labels.size(1);
  std::vector<nn::Labels> strings;
  for (int64_t n = 0; n < labels.size(0); ++n) {
    const auto row = all.begin() + n * longest;
    strings.emplace_back(row, std::find(row, row + longest, -1));
  }
  return strings;
}

std::vector<nn::Labels> read_strings(const Tensor& logits) {
  check_steps(logits);
  std::vector<nn::Labels> all = nn::ctc_greedy(permute(logits.detach(), {1, 0, 2}));
  for (nn::Labels& string : all) string = characters_of(std::move(string));
  return all;
}

std::vector<nn::Reading> likely_strings(const Tensor& log_probs, int64_t most) {
  constexpr int64_t usual_beams = 16;
  auto all = nn::ctc_beam_search(unsqueeze(log_probs, 1), {}, {.beams = std::max(most, usual_beams)})[0];
  all.resize(std::min(all.size(), size_t(most)));
  for (nn::Reading& r : all) r.labels = characters_of(std::move(r.labels));
  return all;
}

std::vector<Misreading> worst_misreadings(const Tensor& logits, const Tensor& labels, int64_t most) {
  const std::vector<nn::Labels> truth = strings_of(labels), read = read_strings(logits);
  std::vector<Misreading> all;
  for (size_t i = 0; i < truth.size(); ++i)
    if (const int64_t edits = nn::edit_distance(read[i], truth[i]); edits > 0)
      all.push_back({int64_t(i), truth[i], read[i], edits});
  const auto rate = [](const Misreading& m) { return double(m.edits) / double(m.truth.size()); };
  std::stable_sort(all.begin(), all.end(),
                   [&](const Misreading& a, const Misreading& b) { return rate(a) > rate(b); });
  all.resize(std::min(all.size(), size_t(std::max<int64_t>(most, 0))));
  return all;
}

Tensor misreadings_sheet(const data::DataLoader& loader, const std::vector<Misreading>& misreadings) {
  const data::Dataset& set = loader.dataset();
  const std::vector<int64_t> order = loader.order(0);
  std::vector<image::Cell> cells;
  for (const Misreading& m : misreadings)
    cells.push_back(
        {image::render(data::stored_picture(set, order[size_t(m.example)])),
         fmt::format("{}, read {}", spelled(m.truth, set.classes()), spelled(m.read, set.classes()))});
  return image::contact_sheet(cells);
}

std::vector<LengthScore> scores_by_length(const Tensor& logits, const Tensor& labels) {
  const std::vector<nn::Labels> truth = strings_of(labels), read = read_strings(logits);
  std::map<size_t, LengthScore> lengths;
  for (size_t i = 0; i < truth.size(); ++i) {
    LengthScore& score = lengths[truth[i].size()];
    const int64_t edits = nn::edit_distance(read[i], truth[i]);
    score.length = int64_t(truth[i].size());
    ++score.strings, score.right += edits == 0, score.edits += edits;
  }
  std::vector<LengthScore> all;
  for (const auto& [length, score] : lengths) all.push_back(score);
  return all;
}

std::string spelled(const nn::Labels& string, const std::vector<std::string>& alphabet) {
  std::string text;
  for (const int64_t c : string) text += alphabet.at(size_t(c));
  return text;
}

}  // namespace fovea::train
