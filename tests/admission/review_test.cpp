#include <catch2/catch.hpp>
#include "plimsoll/admission/review.hpp"
