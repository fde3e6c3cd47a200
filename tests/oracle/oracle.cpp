// Our side of the comparison with Kubernetes' own Go code (go/ is the other): answers questions line by line.
//
//   quantity HEX HEX   ->  ok NANOS FORMAT TEXT VALUE MILLIVALUE ORDER BYTES | error MESSAGE
//   duration HEX       ->  ok NANOSECONDS REREAD                             | error MESSAGE
//   patch HEX HEX      ->  ok JSON                                           | error MESSAGE
//
// Arguments are hexadecimal, so that any byte can be asked about. ORDER compares with the second quantity; REREAD is
// what the duration's own text reads back as.
#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "plimsoll/json/document.hpp"
#include "plimsoll/patch/patch.hpp"
#include "plimsoll/units/amounts.hpp"
#include "plimsoll/units/duration.hpp"
#include "plimsoll/units/quantity.hpp"

namespace {

using plimsoll::Int128;
using plimsoll::Quantity;

std::string decode_hex(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 1; i + 1 < text.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

std::string decimal(Int128 number) {
  const bool negative = number < 0;
  std::string text;
  do {
    const int digit = static_cast<int>(number % 10);
    text.insert(text.begin(), static_cast<char>('0' + (negative ? -digit : digit)));
    number /= 10;
  } while (number != 0);
  return negative ? '-' + text : text;
}

const char* format_name(Quantity::Format format) {
  switch (format) {
    case Quantity::Format::DecimalSI:
      return "DecimalSI";
    case Quantity::Format::BinarySI:
      return "BinarySI";
    case Quantity::Format::DecimalExponent:
      return "DecimalExponent";
  }
  return "?";
}

std::string answer_quantity(const std::string& text, const std::string& other) {
  const auto quantity = plimsoll::parse_quantity(text);
  if (!quantity) return "error " + quantity.error().message;
  std::string order = "-";
  if (const auto right = plimsoll::parse_quantity(other)) {
    order = *quantity < *right ? "-1" : *quantity > *right ? "1" : "0";
  }
  const auto bytes = plimsoll::to_bytes(*quantity);
  return "ok " + decimal(quantity->nanos()) + ' ' + format_name(quantity->format()) + ' ' + to_text(*quantity) + ' ' +
         std::to_string(quantity->value()) + ' ' + std::to_string(quantity->milli_value()) + ' ' + order + ' ' +
         (bytes ? to_text(*bytes) : "-");
}

std::string answer_duration(const std::string& text) {
  const auto duration = plimsoll::parse_duration(text);
  if (!duration) return "error " + duration.error().message;
  const auto reread = plimsoll::parse_duration(to_text(*duration));
  return "ok " + std::to_string(duration->nanoseconds().count()) + ' ' +
         (reread ? std::to_string(reread->nanoseconds().count()) : "unreadable");
}

std::string answer_patch(const std::string& target_text, const std::string& patch_text) {
  const auto target = plimsoll::json::Document::parse(target_text);
  if (!target) return "error the target: " + target.error().message;
  const auto patch = plimsoll::patch::parse_patch(patch_text);
  if (!patch) return "error the patch: " + patch.error().message;
  const auto patched = plimsoll::patch::apply(target->root(), *patch);
  if (!patched) return "error " + patched.error().message;
  return "ok " + plimsoll::json::write(patched->root());
}

std::string answer(const std::string& line) {
  std::istringstream words(line);
  std::string question;
  std::vector<std::string> arguments;
  words >> question;
  for (std::string word; words >> word;) arguments.push_back(decode_hex(word));
  if (question == "quantity" && arguments.size() == 2) return answer_quantity(arguments[0], arguments[1]);
  if (question == "duration" && arguments.size() == 1) return answer_duration(arguments[0]);
  if (question == "patch" && arguments.size() == 2) return answer_patch(arguments[0], arguments[1]);
  return "error not a question: " + line;
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) std::cout << answer(line) << '\n';
}
