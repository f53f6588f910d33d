// What the sections of a report tell of, and how they are written.
#pragma once
#include "fovea/report.h"
#include "train/run_folder.h"

namespace fovea::train {

struct Subject {
  const nn::Module& model;
  data::DataLoader& val;
  const Evaluation& e;
  const ReportOptions& options;
  Settings settings;                      // of args.json
  std::vector<std::vector<double>> rows;  // of results.csv

  const data::Dataset& set() const { return val.dataset(); }
  data::Task task() const { return set().task(); }
  bool transcribes() const { return task() == data::Task::transcribe; }
  bool classifies() const { return task() == data::Task::classify; }
  bool segments() const { return task() == data::Task::segment; }
  bool sees_images() const { return val.example_shape().size() == 3; }
};

// Sections, as HTML without heading; empty where there is nothing to tell.
std::string curves_section(const Subject& s);
std::string time_section(const Subject& s);
std::string settings_section(const Subject& s);
std::string environment_section(const Subject& s);
std::string confusion_section(const Subject& s);
/// A row for each class, label, number or length of strings.
std::string classes_section(const Subject& s);
std::string calibration_section(const Subject& s);
std::string mistakes_section(const Subject& s);
std::string filters_section(const Subject& s);
std::string looks_section(const Subject& s);
/// Of task segment: examples with their truth and what is predicted; those with the lowest IoU.
std::string segments_section(const Subject& s);

/// The examples of `val` one by one, as the network gets them.
data::DataLoader one_by_one(const data::DataLoader& val);

// HTML.
/// A small picture or several beside each other, with a caption.
std::string card(const std::string& pictures, const std::string& caption);
/// A table whose first column is text and whose others are numbers; no head line if `head` is empty.
std::string table(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows);
/// A plot or mosaic as PNG, at most `width` pixels and no wider than it is.
std::string figure(const image::Image& picture, const std::string& what, int64_t width);
/// "99.24 %"; "-" of NaN
std::string percent(double part);

}  // namespace fovea::train
