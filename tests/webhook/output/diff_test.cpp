#include "webhook/output/diff.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace plimsoll::webhook;

namespace {

std::string diff(std::string_view before, std::string_view after) {
  return unified_diff(before, after, {"a", "b"}, Style::Plain);
}

}  // namespace

TEST_CASE("a diff looks as diff -u prints it") {
  struct Case {
    std::string before;
    std::string after;
    std::string want;
  };
  const std::vector<Case> cases = {
      {"", "", ""},
      {"same\n", "same\n", ""},
      {"", "a\n", "--- a\n+++ b\n@@ -0,0 +1 @@\n+a\n"},
      {"a\n", "", "--- a\n+++ b\n@@ -1 +0,0 @@\n-a\n"},
      {"a\nb\nc\n", "a\nB\nc\n", "--- a\n+++ b\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"},
      {"1\n2\n3\n4\n5\n", "1\n2\n3\n4\n5\n6\n", "--- a\n+++ b\n@@ -3,3 +3,4 @@\n 3\n 4\n 5\n+6\n"},
      // Six equal lines between two changes join them in one hunk, seven part them.
      {"x\n1\n2\n3\n4\n5\n6\ny\n", "X\n1\n2\n3\n4\n5\n6\nY\n",
       "--- a\n+++ b\n@@ -1,8 +1,8 @@\n-x\n+X\n 1\n 2\n 3\n 4\n 5\n 6\n-y\n+Y\n"},
      {"x\n1\n2\n3\n4\n5\n6\n7\ny\n", "X\n1\n2\n3\n4\n5\n6\n7\nY\n",
       "--- a\n+++ b\n@@ -1,4 +1,4 @@\n-x\n+X\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-y\n+Y\n"},
      {"a", "a\n", "--- a\n+++ b\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"},
      // The example of Myers' paper, one letter a line: five edits are the fewest.
      {"a\nb\nc\na\nb\nb\na\n", "c\nb\na\nb\na\nc\n",
       "--- a\n+++ b\n@@ -1,7 +1,6 @@\n-a\n-b\n c\n+b\n a\n b\n-b\n a\n+c\n"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.before, c.after);
    CHECK(diff(c.before, c.after) == c.want);
  }
}

TEST_CASE("texts that have nothing in common are replaced as a whole, however long") {
  std::string before;
  std::string after;
  for (int i = 0; i < 5000; ++i) {
    before += "old " + std::to_string(i) + "\n";
    after += "new " + std::to_string(i) + "\n";
  }
  const std::string text = diff(before, after);
  CHECK(text.starts_with("--- a\n+++ b\n@@ -1,5000 +1,5000 @@\n-old 0\n"));
  CHECK(text.ends_with("+new 4999\n"));
}

TEST_CASE("colours stand around whole lines and never in plain text") {
  const std::string coloured = unified_diff("a\n", "b\n", {"a", "b"}, Style::Coloured);
  CHECK(coloured ==
        "\033[1m--- a\033[0m\n\033[1m+++ b\033[0m\n\033[36m@@ -1 +1 @@\033[0m\n\033[31m-a\033[0m\n\033[32m+b\033[0m\n");
  CHECK(diff("a\n", "b\n").find('\033') == std::string::npos);
}
