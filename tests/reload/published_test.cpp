#include "plimsoll/reload/published.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

using plimsoll::reload::Published;

TEST_CASE("a reader keeps the version it took") {
  Published<std::vector<int>> published(std::make_shared<const std::vector<int>>(3, 1));
  const auto before = published.read();
  published.publish(std::make_shared<const std::vector<int>>(3, 2));
  CHECK(*before == std::vector<int>{1, 1, 1});
  CHECK(*published.read() == std::vector<int>{2, 2, 2});
}

TEST_CASE("readers see whole versions in their order while one writes") {
  Published<std::vector<int>> published(std::make_shared<const std::vector<int>>(64, 0));
  std::atomic<bool> is_over{false};
  std::atomic<int> torn{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      int last = 0;
      while (!is_over) {
        const auto version = published.read();
        for (const int value : *version) torn += value != version->front();
        torn += version->front() < last;
        last = version->front();
      }
    });
  }
  for (int i = 1; i <= 2'000; ++i) published.publish(std::make_shared<const std::vector<int>>(64, i));
  is_over = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(torn == 0);
}
