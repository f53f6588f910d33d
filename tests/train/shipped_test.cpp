// Models that come with fovea: by name, checked by their sums, with what says where they come from.
#include "../files.h"
#include "fovea/checkpoint.h"
#include "fovea/ops.h"

namespace fovea::train {
namespace {

using test::error_of;
using test::slurp;
using test::spill;
using test::TempFolder;

/// A folder of models in the place of the one that ships.
class Models {
 public:
  Models() { ::setenv("FOVEA_MODELS", folder_.str().c_str(), 1); }
  ~Models() { ::unsetenv("FOVEA_MODELS"); }
  std::string operator/(const std::string& name) const { return folder_ / name; }

 private:
  TempFolder folder_;
};

ModelCard card_of(const std::string& model, const std::string& data) {
  ModelCard card;
  card.model = model, card.data = data;
  return card;
}

TEST(Shipped, AreFoundByName) {
  const Models models;
  save_safetensors(models / "tiny@points.safetensors", {{"weight", ones({2})}},
                   card_of("tiny", "points").to_metadata());
  const std::string path = models / "tiny@points.safetensors";
  ASSERT_EQ(std::system(("cd '" + models / "" + "' && md5sum *.safetensors > MD5SUMS").c_str()), 0);
  EXPECT_EQ(shipped_models(), std::vector<std::string>{"tiny@points"});
  EXPECT_TRUE(names_shipped_model("tiny@points"));
  EXPECT_FALSE(names_shipped_model("tiny"));
  EXPECT_FALSE(names_shipped_model(path));
  const Checkpoint c = load_checkpoint("tiny@points");
  EXPECT_EQ(c.file, path);
  EXPECT_EQ(c.card.model, "tiny");
  EXPECT_EQ(c.weights.at(0).second.to_vector<float>(), (std::vector<float>{1, 1}));
  EXPECT_NE(error_of([] { load_checkpoint("tiny@pionts"); }).find("did you mean tiny@points?"),
            std::string::npos);
}

TEST(Shipped, RefuseAnotherFile) {
  const Models models;
  spill(models / "MD5SUMS", "00000000000000000000000000000000  tiny@points.safetensors\n");
  EXPECT_NE(error_of([] { load_checkpoint("tiny@points"); }).find("is not there"), std::string::npos);
  spill(models / "tiny@points.safetensors", "other bytes");
  const std::string error = error_of([] { load_checkpoint("tiny@points"); });
  EXPECT_NE(error.find("its MD5 sum is"), std::string::npos) << error;
  EXPECT_NE(error.find("not 00000000000000000000000000000000"), std::string::npos) << error;
}

TEST(Shipped, RefuseALineThatIsNoSum) {
  const Models models;
  for (const char* line : {"x", "00000000000000000000000000000000  ../../etc/a.safetensors\n",
                           "00000000000000000000000000000000 tiny@points.safetensors\n",
                           "00000000000000000000000000000000  tiny@points.txt\n"}) {
    spill(models / "MD5SUMS", line);
    EXPECT_NE(error_of([] { shipped_models(); }).find("is no line of MD5SUMS"), std::string::npos) << line;
  }
}

TEST(Origin, ComesBackAsItWas) {
  ModelCard card = card_of("mlp:2-3-2", "xor");
  EXPECT_FALSE(ModelCard::from_metadata(card.to_metadata(), "here").origin);
  Origin& made = card.origin.emplace();
  made.recipe = {{"data", "xor"}, {"lr0", "0.1"}, {"seed", "7"}};
  made.figure = {"top1", 0.975, 200};
  made.train_data = "abc", made.val_data = "def";
  const Metadata metadata = card.to_metadata();
  EXPECT_EQ(metadata.at("seed"), "7");
  const auto origin = ModelCard::from_metadata(metadata, "here").origin;
  ASSERT_TRUE(origin);
  EXPECT_EQ(origin->recipe, card.origin->recipe);
  EXPECT_EQ(origin->figure.name, "top1");
  EXPECT_EQ(origin->figure.value, 0.975);
  EXPECT_EQ(origin->figure.examples, 200);
  EXPECT_EQ(origin->train_data + origin->val_data, "abcdef");
  for (const char* damaged : {"figure", "recipe"}) {
    Metadata bad = metadata;
    bad[damaged] = "[1";
    EXPECT_NE(error_of([&] { ModelCard::from_metadata(bad, "here"); }).find(damaged), std::string::npos);
  }
}

/// Every file in models/ can be loaded, says where it comes from, and reaches what its users were promised.
TEST(Origin, OfEveryModelThatShips) {
  ::setenv("FOVEA_MODELS", FOVEA_SOURCE_DIR "/models", 1);
  const auto names = shipped_models();
  ::unsetenv("FOVEA_MODELS");
  EXPECT_GE(names.size(), 4u);
  for (const auto& name : names) {
    const Checkpoint c = load_checkpoint(std::string(FOVEA_SOURCE_DIR "/models/") + name + ".safetensors");
    ASSERT_TRUE(c.card.origin) << name;
    EXPECT_EQ(name, c.card.model.substr(0, c.card.model.find(':')) + "@" + c.card.data);
    EXPECT_EQ(c.card.origin->train_data.size(), 32u);
    for (const auto& [key, text] : c.card.origin->recipe)
      EXPECT_EQ(text.find('/'), std::string::npos) << key << text;
  }
}

}  // namespace
}  // namespace fovea::train
