// The report of a run as one HTML file, and the mistakes that it shows.
//   const train::Evaluation e = trainer.validate(net, val, true);
//   train::write_report("runs/train/1", net, val, e, {.command = "fovea train data=mnist"});
//   for (const train::Mistake& m : train::worst_mistakes(e.logits, e.labels, 24)) ...
// Threads: one thread, which uses the others.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "fovea/image.h"
#include "fovea/train.h"

namespace fovea::train {

/// An example that was taken for another class.
struct Mistake {
  int64_t example = 0, truth = 0, predicted = 0;  // the place in the order of evaluation; classes
  double confidence = 0;                          // the probability of `predicted`
  double loss = 0;                                // -log of the probability of `truth`
};
/// Those of logits (N, classes) and labels i64 (N) with the largest losses, at most `most`, the worst first.
std::vector<Mistake> worst_mistakes(const Tensor& logits, const Tensor& labels, int64_t most);

/// Their pictures with "cat, taken for dog: 98%", u8 RGB (H,W,3). `loader` is the one that they were found
/// with. Throws if there are none.
Tensor mistakes_sheet(const data::DataLoader& loader, const std::vector<Mistake>& mistakes);

/// An example of task segment, as a network gets it, with the classes of its pixels and those predicted.
struct Segmented {
  int64_t example = 0;               // in its set
  Tensor picture, truth, predicted;  // u8 (H,W,3), (H,W) and (H,W)
  double iou = 0;                    // the mean over the classes that it shows or that are predicted
};
/// What `model` makes of the examples at these places of the order of evaluation.
std::vector<Segmented> segmented(const nn::Module& model, const data::DataLoader& loader,
                                 const std::vector<int64_t>& places);
/// The places of those with the lowest mean IoU, at most `most`, the worst first. Those of which no pixel
/// counts are left out.
std::vector<int64_t> worst_segmented(const Evaluation& e, int64_t most);
/// Each with its picture, the truth and the prediction in the colours of image::draw_class_map, and its IoU:
/// u8 RGB (H,W,3). Throws if there are none.
Tensor segments_sheet(const std::vector<Segmented>& all);

struct ReportOptions {
  std::string command = {};                                           // that repeats the run
  std::vector<std::pair<std::string, std::string>> environment = {};  // facts of the caller: version, machine
  int64_t mistakes = 24, looks = 8;  // pictures of mistakes; of what the network looks at
};
/// Writes report.html into the run folder, whose args.json and results.csv it tells: settings, curves, times;
/// confusion, classes, calibration, mistakes by `evaluation` of `val`, which holds logits; filters and
/// Grad-CAM of `model`, or its predictions beside the truth. What makes no sense for its task and inputs is
/// left out.
void write_report(const std::string& folder, const nn::Module& model, data::DataLoader& val,
                  const Evaluation& evaluation, const ReportOptions& options = {});

}  // namespace fovea::train
