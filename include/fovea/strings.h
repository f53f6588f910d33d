// Networks that read strings (data::Task::transcribe). They give (N, T, 1 + characters): at each of T steps
// the logit of the blank, number 0, and those of the alphabet's characters. Labels are i64 (N, longest):
// numbers of characters in the alphabet, data::Dataset::classes(), padded with -1.
//   const Tensor logits = zoo::make("crnn")(strips);
//   train::string_loss(logits, labels).backward();
//   train::spelled(train::read_strings(logits)[0], alphabet);   // "31415"
#pragma once
#include <string>
#include <vector>

#include "fovea/loader.h"
#include "fovea/nn/ctc.h"

namespace fovea::train {

/// ctc_loss of what a network gives, the mean over the batch of -log p(string) / its characters. Throws where
/// shapes do not fit, and for strings that take more steps than there are.
Tensor string_loss(const Tensor& logits, const Tensor& labels);

/// The labels without their padding.
std::vector<nn::Labels> strings_of(const Tensor& labels);

/// The strings that the best paths spell (nn::ctc_greedy).
std::vector<nn::Labels> read_strings(const Tensor& logits);

/// The most probable strings of one example, best first, at most `most`, each with the log of its probability
/// (nn::ctc_beam_search). `log_probs` (T, 1 + characters).
std::vector<nn::Reading> likely_strings(const Tensor& log_probs, int64_t most);

/// The characters one after the other.
std::string spelled(const nn::Labels& string, const std::vector<std::string>& alphabet);

/// A string that was read wrong.
struct Misreading {
  int64_t example = 0;  // the place in the order of evaluation
  nn::Labels truth, read;
  int64_t edits = 0;  // from one to the other
};
/// Those with the most edits for their length, at most `most`, the worst first.
std::vector<Misreading> worst_misreadings(const Tensor& logits, const Tensor& labels, int64_t most);

/// Their pictures with "31415, read 31475", u8 RGB (H,W,3). `loader` is the one that they were found with.
/// Throws if there are none.
Tensor misreadings_sheet(const data::DataLoader& loader, const std::vector<Misreading>& misreadings);

/// How strings of one length were read.
struct LengthScore {
  int64_t length = 0, strings = 0, right = 0, edits = 0;
  double character_error_rate() const { return double(edits) / double(strings * length); }
};
/// One entry for each length that occurs, the shortest first.
std::vector<LengthScore> scores_by_length(const Tensor& logits, const Tensor& labels);

}  // namespace fovea::train
