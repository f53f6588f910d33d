// The first lecture on neural networks, told chapter by chapter: text, commands that run before the reader's
// eyes, numbers computed by the library, pictures.
//   void neuron(Talk& talk) {
//     talk.say("A neuron fires, or it does not.");
//     talk.run("perceptron data=truth:0001");
//   }
#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace fovea::cli {

class Talk {
 public:
  virtual ~Talk() = default;
  /// A paragraph, whose lines are filled anew.
  virtual void say(const std::string& text) = 0;
  /// Lines as they are: tables, plots, numbers computed just now.
  virtual void show(const std::string& lines) = 0;
  /// A command of this program, shown and run. Throws if it fails.
  virtual void run(const std::string& words) = 0;
  /// A picture that was written to file(name).
  virtual void picture(const std::string& name, const std::string& caption) = 0;
  /// The program that does the same in C++, below examples/.
  virtual void example(const std::string& name) = 0;

  /// Where pictures and run folders of this chapter go.
  const std::string& folder() const { return folder_; }
  std::string file(const std::string& name) const { return folder_ + "/" + name; }

 protected:
  explicit Talk(std::string folder) : folder_(std::move(folder)) {}

 private:
  std::string folder_;
};

struct Chapter {
  const char* name;   // of its page: "counting"
  const char* title;  // "Counting parameters"
  void (*tell)(Talk& talk);
};
/// In the order of the lecture, numbered from 1.
std::span<const Chapter> chapters();

/// Tells chapter `number` on the terminal.
void tell(int number, const std::string& folder);
/// Tells it into a page, FOLDER/NN_NAME.md, with its pictures beside it.
void write_page(int number, const std::string& folder);
/// FOLDER/README.md with links to all pages.
void write_contents(const std::string& folder);

// seeing.cpp
void pixels(Talk& talk);
void rules(Talk& talk);
// neuron.cpp
void neuron(Talk& talk);
void perceptron(Talk& talk);
void counting(Talk& talk);
void collapse(Talk& talk);
void activations(Talk& talk);
void xor_solved(Talk& talk);
// learning.cpp
void guess(Talk& talk);
void descent(Talk& talk);
// networks.cpp
void history(Talk& talk);
void memory(Talk& talk);
void hardware(Talk& talk);

}  // namespace fovea::cli
