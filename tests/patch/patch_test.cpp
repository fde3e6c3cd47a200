#include <catch2/catch.hpp>
#include "plimsoll/patch/patch.hpp"
