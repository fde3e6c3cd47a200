#include "plimsoll/json/document.hpp"

#include <pthread.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <vector>

#include "generated.hpp"
#include "plimsoll/json/tree.hpp"

namespace plimsoll::json {
namespace {

Document parsed(std::string text) {
  auto document = Document::parse(text);
  INFO(text);
  REQUIRE(document.has_value());
  return std::move(document).value();
}

std::string repeated(std::string_view piece, std::size_t times) {
  std::string text;
  text.reserve(piece.size() * times);
  for (std::size_t i = 0; i < times; ++i) text += piece;
  return text;
}

std::string nested_arrays(std::size_t levels) {
  return repeated("[", levels) + repeated("]", levels);
}

std::string nested_objects(std::size_t levels) {
  return repeated(R"({"a":)", levels) + "0" + repeated("}", levels);
}

#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t kStackBytes = 8 << 20;  // its frames are several times as large
#else
constexpr std::size_t kStackBytes = 1 << 20;
#endif

// Runs `body` on the smallest stack that a thread may be given.
void run_on_small_stack(std::function<void()> body) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  REQUIRE(pthread_attr_setstacksize(&attributes, kStackBytes) == 0);
  pthread_t thread{};
  const auto start = [](void* argument) -> void* {
    (*static_cast<std::function<void()>*>(argument))();
    return nullptr;
  };
  REQUIRE(pthread_create(&thread, &attributes, start, &body) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

TEST_CASE("a view answers what is asked of it and nothing else") {
  const Document document = parsed(
      R"({"s":"text","i":-7,"u":18446744073709551615,"d":1.5,"t":true,"n":null,"a":[1,[2]],"o":{"k":"v"},"":"empty"})");
  const View root = document.root();

  CHECK(root["s"].text() == "text");
  CHECK(root["i"].integer() == -7);
  CHECK(root["i"].number() == -7.0);
  CHECK(root["d"].number() == 1.5);
  CHECK(root["t"].boolean() == true);
  CHECK(root[""].text() == "empty");
  CHECK(root["a"][1][0].integer() == 2);
  CHECK(root.at(Pointer("/o/k")).text() == "v");
  CHECK(root.at(Pointer("/a/1/0")).integer() == 2);
  CHECK(root.at(Pointer()) == root);
  CHECK(root.size() == 9);
  CHECK(root["a"].size() == 2);

  struct Case {
    const char* key;
    Kind kind;
  };
  const Case cases[] = {{"s", Kind::String}, {"i", Kind::Number}, {"d", Kind::Number}, {"t", Kind::Bool},
                        {"n", Kind::Null},   {"a", Kind::Array},  {"o", Kind::Object}, {"x", Kind::Missing}};
  for (const Case& c : cases) {
    INFO(c.key);
    const View view = root[c.key];
    CHECK(view.kind() == c.kind);
    CHECK(view.text().has_value() == (c.kind == Kind::String));
    CHECK(view.number().has_value() == (c.kind == Kind::Number));
    CHECK(view.boolean().has_value() == (c.kind == Kind::Bool));
    CHECK(view.is_object() == (c.kind == Kind::Object));
    CHECK(view.is_array() == (c.kind == Kind::Array));
    CHECK(view.is_null() == (c.kind == Kind::Null));
    CHECK(static_cast<bool>(view) == (c.kind != Kind::Missing));
    if (c.kind != Kind::Object) CHECK_FALSE(view["k"]);
    if (c.kind != Kind::Array) CHECK_FALSE(view[0]);
    if (c.kind != Kind::Object) CHECK(view.members().begin() == view.members().end());
    if (c.kind != Kind::Array) CHECK(view.elements().begin() == view.elements().end());
  }
  CHECK_FALSE(root["u"].integer());
  CHECK_FALSE(root["d"].integer());
  CHECK_FALSE(root["a"][2]);
  for (const char* pointer :
       {"/a/2", "/a/-", "/a/-1", "/a/01", "/a/x", "/a/99999999999999999999", "/s/x", "/o/k/x", "/missing/x"}) {
    INFO(pointer);
    CHECK_FALSE(root.at(Pointer(pointer)));
  }
}

TEST_CASE("members and elements come in the order of the text, and of duplicates the first is found") {
  const Document document = parsed(R"({"z":1,"a":2,"z":3,"list":[true,null]})");
  std::string keys;
  for (const Member member : document.root().members()) keys += member.key;
  CHECK(keys == "zazlist");
  CHECK(document.root()["z"].integer() == 1);
  std::vector<Kind> kinds;
  for (const View element : document.root()["list"].elements()) kinds.push_back(element.kind());
  CHECK(kinds == std::vector{Kind::Bool, Kind::Null});
}

TEST_CASE("views stay valid when their document moves") {
  for (const char* text :
       {R"({"k":"v"})", R"({"key":"a text that is too long for any small-string storage, surely"})"}) {
    std::vector<Document> documents;
    documents.push_back(parsed(text));
    const View view = documents[0].root();
    const std::string before = write(view);
    for (int i = 0; i < 100; ++i) documents.push_back(parsed("[]"));
    Document moved = std::move(documents[0]);
    documents.clear();
    CHECK(write(view) == before);
    CHECK(moved.root() == view);
  }
  Document from = parsed("1");
  const Document to = std::move(from);
  CHECK_FALSE(from.root());  // NOLINT(bugprone-use-after-move): a moved-from Document has no root
}

TEST_CASE("strings are unescaped") {
  struct Case {
    std::string_view in, want;
  };
  using namespace std::string_view_literals;
  const Case cases[] = {
      {R"("")", ""},
      {R"("\"\\\/\b\f\n\r\t")", "\"\\/\b\f\n\r\t"},
      {R"("\u0041\u00e9\u20AC")", "A\u00e9\u20ac"},
      {R"("\ud83d\ude00")", "\U0001F600"},
      {R"("\uD83D\uDE00\uD83D\uDE00")", "\U0001F600\U0001F600"},
      {R"("a\u0000b")", "a\0b"sv},
      {R"("\\udc00")", "\\udc00"},
      {R"("\\\\udc00\ud83d\ude00")", "\\\\udc00\U0001F600"},
      {"\"\u2028\U0010FFFF\"", "\u2028\U0010FFFF"},
      {R"("\u003c\u0026\u003e")", "<&>"},
  };
  for (const Case& c : cases) {
    INFO(c.in);
    const Document document = parsed(std::string(c.in));
    CHECK(document.root().text() == c.want);
  }
}

TEST_CASE("what is not JSON is refused, with its place") {
  struct Case {
    std::string in;
    const char* where;
    const char* message;
  };
  const Case cases[] = {
      {"", "byte 0", "not JSON: there is no value, at the end"},
      {" \n\t", "byte 3", "there is no value"},
      {"{", "byte 1", "a member's name in double quotes is missing, at the end"},
      {"[", "byte 1", "no value can begin here"},
      {"[1", "byte 2", "a comma or ] is missing after an element"},
      {"[1,]", "byte 3", "no value can begin here, at \"]\""},
      {"[1 2]", "byte 3", "a comma or ] is missing"},
      {"{\"a\"}", "byte 4", "a colon is missing"},
      {"{\"a\":1,}", "byte 7", "a member's name"},
      {"{\"a\":1 \"b\":2}", "byte 7", "a comma or } is missing"},
      {"{a:1}", "byte 1", "a member's name"},
      {"{'a':1}", "byte 1", "a member's name"},
      {"\"open", "byte 5", "a string is not closed"},
      {"\"\\", "byte 1", "an unknown escape"},
      {"\"\\x41\"", "byte 1", "an unknown escape"},
      {"\"\\u12G4\"", "byte 1", "\\u needs four hexadecimal digits"},
      {"\"\\u12", "byte 1", "\\u needs four hexadecimal digits"},
      {"\"line\nbreak\"", "byte 5", "control character"},
      {"\"\\ud800\"", "byte 1", "half of a surrogate pair"},
      {"\"\\ud800x\"", "byte 1", "half of a surrogate pair"},
      {"\"\\ud800\\u0041\"", "byte 1", "half of a surrogate pair"},
      {"\"\\ud800\\ud800\"", "byte 1", "half of a surrogate pair"},
      {"\"\\udc00\"", "byte 1", "half of a surrogate pair"},
      {"\"\\uDFFF\\ud800\"", "byte 1", "half of a surrogate pair"},
      {"\"\\ud83d\\ude00\\ude00\"", "byte 13", "half of a surrogate pair"},
      {"{\"\\udead\":1}", "byte 2", "half of a surrogate pair"},
      {"tru", "byte 3", "no value can begin here, at the end"},
      {"nul", "byte 3", "no value can begin here"},
      {"True", "byte 0", "no value can begin here"},
      {"NaN", "byte 0", "no value can begin here"},
      {"-Infinity", "byte 1", "no value can begin here"},
      {"01", "byte 1", "something follows the value"},
      {"+1", "byte 0", "no value can begin here"},
      {".5", "byte 0", "no value can begin here"},
      {"1.", "byte 2", "a digit is missing after the decimal point"},
      {"1e", "byte 2", "a digit is missing in the exponent"},
      {"1e+", "byte 3", "a digit is missing in the exponent"},
      {"-", "byte 1", "no value can begin here"},
      {"0x10", "byte 1", "something follows the value"},
      {"1e999", "byte 0", "a number is too large"},
      {"[1e309]", "byte 1", "a number is too large"},
      {"[12345678901e300]", "byte 1", "a number is out of a double's range"},
      {"[" + std::string(309, '9') + "]", "byte 1", "a number is"},
      {"{} {}", "byte 3", "something follows the value"},
      {"{}x", "byte 2", "something follows the value"},
      {"// comment\n1", "byte 0", "no value can begin here"},
      {std::string("{}\0", 3), "byte 2", "a NUL byte"},
      {std::string("{}\0{}", 5), "byte 2", "a NUL byte"},
      {std::string("\"a\0b\"", 5), "byte 2", "a NUL byte"},
      {"\xEF\xBB\xBF{}", "byte 0", "no value can begin here"},
      {"\"\xff\"", "byte 1", "malformed UTF-8, at \"\\xff"},
      {"\"\xc0\xaf\"", "byte 1", "malformed UTF-8"},
      {"\"\xe0\x80\xaf\"", "byte 1", "malformed UTF-8"},
      {"\"\xed\xa0\x80\"", "byte 1", "malformed UTF-8"},
      {"\"\xf4\x90\x80\x80\"", "byte 1", "malformed UTF-8"},
      {"\"\xe2\x82", "byte 1", "malformed UTF-8"},
      {"\"" + std::string(200, 'x') + "\x80\"", "byte 201", "malformed UTF-8"},
      {"\"" + std::string(200, 'x') + "\u00e9" + std::string(200, 'x') + "\xc3\"", "byte 403", "malformed UTF-8"},
  };
  for (const Case& c : cases) {
    INFO(c.in);
    const auto document = Document::parse(c.in);
    REQUIRE_FALSE(document.has_value());
    CHECK(document.error().code == ErrorCode::Invalid);
    CHECK(document.error().where == c.where);
    CHECK_THAT(document.error().message, Catch::Contains(c.message));
    CHECK_THAT(document.error().message, Catch::StartsWith("not JSON: "));
  }
}

TEST_CASE("every number of 64 bits survives, and every double to the last bit") {
  struct Case {
    const char *in, *want;
  };
  const Case cases[] = {
      {"0", "0"},
      {"-0", "0"},
      {"-1", "-1"},
      {"9223372036854775807", "9223372036854775807"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"9223372036854775808", "9223372036854775808"},
      {"18446744073709551615", "18446744073709551615"},
      {"18446744073709551616", "18446744073709551616.0"},
      {"1.0", "1.0"},
      {"-0.0", "-0.0"},
      {"1E2", "100.0"},
      {"1e-7", "1e-07"},
      {"0.1", "0.1"},
      {"2.2250738585072014e-308", "2.2250738585072014e-308"},
      {"4.9406564584124654e-324", "5e-324"},
      {"1.7976931348623157e308", "1.7976931348623157e+308"},
      {"123456789012345678901234567890", "1.2345678901234568e+29"},
      {"0e100", "0.0"},
      {"0.30000000000000004", "0.30000000000000004"},
      {"9007199254740993.0", "9007199254740992.0"},
  };
  for (const Case& c : cases) {
    INFO(c.in);
    const Document document = parsed(c.in);
    CHECK(write(document.root()) == c.want);
    const Document again = parsed(c.want);
    CHECK(again.root() == document.root());
  }
  // These once read beyond a table, or overflowed an int, in RapidJSON's own conversion.
  const std::string zeros(2000, '0');
  CHECK(Document::parse("0." + zeros).has_value());
  CHECK_FALSE(Document::parse("0." + zeros + "1").has_value());
  CHECK_FALSE(Document::parse("0." + zeros + "1e-2147483647").has_value());
  const Document one = parsed("0." + zeros + "1e2001");
  CHECK(one.root().number() == 1.0);

  Generator generator(1);
  for (int i = 0; i < 20'000; ++i) {
    const double number = generator.finite_double();
    char digits[40];
    std::snprintf(digits, sizeof digits, "%.17g", number);
    const Document document = parsed(digits);
    const Document again = parsed(write(document.root()));
    REQUIRE(again.root().number() == number);
  }
}

TEST_CASE("nesting is limited before it can exhaust the stack") {
  struct Case {
    const char* name;
    std::string text;
    bool is_allowed;
  };
  const Case cases[] = {
      {"arrays at the limit", nested_arrays(kMaxDepth), true},
      {"arrays beyond it", nested_arrays(kMaxDepth + 1), false},
      {"objects at the limit", nested_objects(kMaxDepth), true},
      {"objects beyond it", nested_objects(kMaxDepth + 1), false},
      {"both at the limit", repeated("[{\"a\":", kMaxDepth / 2) + "1" + repeated("}]", kMaxDepth / 2), true},
      {"many shallow ones", "[" + repeated("[],{},", 100'000) + "0]", true},
      {"many of half the depth", "[" + nested_arrays(500) + "," + nested_arrays(500) + "," + nested_arrays(500) + "]",
       true},
      {"1,000,000 [", repeated("[", 1'000'000), false},
      {"3,000,000 [", repeated("[", 3'000'000), false},
      {"1,000,000 arrays", nested_arrays(1'000'000), false},
      {"1,000,000 objects", nested_objects(1'000'000), false},
      {"1,000,000 open objects", repeated("{\"a\":", 1'000'000), false},
      {"1,000,000 alternating", repeated("{\"a\":[", 500'000), false},
      {"behind a long string", "[\"" + std::string(1'000'000, 'x') + "\"," + repeated("[", 1'000'000), false},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    bool is_accepted = false;
    Error error;
    const auto start = std::chrono::steady_clock::now();
    run_on_small_stack([&] {
      const auto document = Document::parse(c.text);
      is_accepted = document.has_value();
      if (!is_accepted) error = document.error();
    });
    CHECK(is_accepted == c.is_allowed);
    if (!c.is_allowed) {
      CHECK(error.code == ErrorCode::TooLarge);
      CHECK(error.message == "JSON nested deeper than 1024 levels");
      CHECK_THAT(error.where, Catch::StartsWith("byte "));
    }
    // Generous: a few milliseconds are usual, and what must not happen takes minutes.
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(2));
  }
}

TEST_CASE("whatever may be parsed can be written, compared and copied on a small stack") {
  for (const std::string& text : {nested_arrays(kMaxDepth), nested_objects(kMaxDepth)}) {
    bool is_done = false;
    run_on_small_stack([&] {
      const auto document = Document::parse(text);
      const auto again = Document::parse(text);
      const Tree tree(document->root());
      is_done = write(tree.root()) == text && document->root() == again->root() && !write_pretty(tree.root()).empty();
    });
    CHECK(is_done);
  }
}

TEST_CASE("equality is of JSON values") {
  struct Case {
    const char *a, *b;
    bool is_same;
  };
  const Case cases[] = {
      {"1", "1.0", true},
      {"1", "1e0", true},
      {"1", "2", false},
      {"-1", "18446744073709551615", false},
      {"9007199254740993", "9007199254740992.0", false},
      {"9007199254740992", "9007199254740992.0", true},
      {"18446744073709551615", "18446744073709551616.0", false},
      {"9223372036854775807", "9223372036854775808", false},
      {"0.0", "-0.0", true},
      {"1", "\"1\"", false},
      {"null", "false", false},
      {"true", "false", false},
      {"\"a\"", "\"\\u0061\"", true},
      {"[1,2]", "[2,1]", false},
      {"[1]", "[1,1]", false},
      {"[]", "{}", false},
      {R"({"a":1,"b":[{}]})", R"({ "b":[{}], "a":1.0 })", true},
      {R"({"x":0,"a":1,"b":2})", R"({"x":0,"b":2,"a":1})", true},
      {R"({"x":0,"a":1,"b":2})", R"({"x":0,"b":1,"a":2})", false},
      {R"({"a":1})", R"({"b":1})", false},
      {R"({"a":1})", R"({"a":1,"b":1})", false},
  };
  for (const Case& c : cases) {
    INFO(c.a << " and " << c.b);
    const Document a = parsed(c.a);
    const Document b = parsed(c.b);
    CHECK((a.root() == b.root()) == c.is_same);
    CHECK((b.root() == a.root()) == c.is_same);
  }
  CHECK(View() == View());
  const Document null = parsed("null");
  CHECK_FALSE(View() == null.root());
}

TEST_CASE("large objects in different order are compared quickly") {
  std::string forward = "{";
  std::string backward = "{";
  for (int i = 0; i < 50'000; ++i) {
    forward += "\"k" + std::to_string(i) + "\":0,";
    backward += "\"k" + std::to_string(49'999 - i) + "\":0,";
  }
  forward.back() = backward.back() = '}';
  const Document a = parsed(forward);
  const Document b = parsed(backward);
  const auto start = std::chrono::steady_clock::now();
  CHECK(a.root() == b.root());
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
}

TEST_CASE("what was written reads back the same, for 5,000 generated values") {
  Generator generator(20'260'101);
  for (int i = 0; i < 5'000; ++i) {
    const std::string text = generator.value(4);
    INFO(text);
    const Document document = parsed(text);
    const std::string written = write(document.root());
    const Document again = parsed(written);
    REQUIRE(again.root() == document.root());
    REQUIRE(write(again.root()) == written);
    const Document pretty = parsed(write_pretty(document.root()));
    REQUIRE(pretty.root() == document.root());
    const Tree tree(document.root());
    REQUIRE(tree.root() == document.root());
  }
}

TEST_CASE("a body with a few bytes changed is read or refused, never anything else") {
  Generator generator(7);
  int accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text = generator.value(4);
    for (std::size_t changes = generator.below(3); changes > 0 && !text.empty(); --changes) {
      const std::size_t at = generator.below(text.size());
      switch (generator.below(3)) {
        case 0:
          text[at] = static_cast<char>(generator.below(256));
          break;
        case 1:
          text.erase(at, 1 + generator.below(3));
          break;
        default:
          text.insert(at, 1, "{}[]\",:\\ue-0"[generator.below(12)]);
      }
    }
    const auto document = Document::parse(text);
    if (!document) {
      REQUIRE_FALSE(document.error().message.empty());
      continue;
    }
    ++accepted;
    const Document again = parsed(write(document->root()));
    REQUIRE(again.root() == document->root());
  }
  CHECK(accepted > 1'000);
}

}  // namespace
}  // namespace plimsoll::json
