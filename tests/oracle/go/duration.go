package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

func durations() subject {
	tally := newTally()
	return subject{"durations", func(random *rand.Rand) question {
		text := durationText(random)
		return question{"duration", []string{text}, func(answer string) string {
			return judgeDuration(text, answer, tally)
		}}
	}, tally}
}

func judgeDuration(text, answer string, tally *tally) string {
	duration, err := time.ParseDuration(text)
	if err != nil {
		tally.refused++
		if !strings.HasPrefix(answer, "error ") {
			return fmt.Sprintf("Go refuses (%v), we answer %s", err, answer)
		}
		return ""
	}
	tally.accepted++
	nanoseconds := strconv.FormatInt(int64(duration), 10)
	if want := "ok " + nanoseconds + " " + nanoseconds; answer != want {
		return fmt.Sprintf("Go reads %s, we answer %s", want, answer)
	}
	return ""
}

// No text holds a `d`: the unit is ours.
var units = []string{"ns", "us", "\u00b5s", "\u03bcs", "ms", "s", "m", "h", "h", "m", "s"}

const durationAlphabet = "0123456789..+-hmsnu \u00b5\u03bc\xc2\xb5w,\x00"

func durationText(random *rand.Rand) string {
	switch random.IntN(8) {
	case 0: // what people write
		return fmt.Sprint(random.IntN(200)) + pick(random, units)
	case 1:
		return time.Duration(random.Int64N(1 << (1 + random.IntN(62)))).String()
	case 2:
		return fmt.Sprintf("%.*f", random.IntN(12), random.Float64()*math.Pow(10, float64(random.IntN(8)))) + pick(random, units)
	case 3: // several parts
		text := pick(random, []string{"", "", "-", "+"})
		for parts := 1 + random.IntN(4); parts > 0; parts-- {
			text += strings.TrimLeft(number(random, 5, 22), "+-") + pick(random, units)
		}
		return text
	case 4: // close to 2^63 nanoseconds
		unit, _ := time.ParseDuration("1" + pick(random, units))
		count := math.MaxUint64/2/uint64(unit) + uint64(random.IntN(5)) - 2
		return fmt.Sprintf("%s%d%s", pick(random, []string{"", "-", "+"}), count, fractionDigits(random)) + unitName(unit)
	case 5:
		left := random.Uint64N(1<<63 + 1)
		return fmt.Sprintf("%s%dns%dns", pick(random, []string{"", "-"}), left, 1<<63-left+uint64(random.IntN(3))-1)
	case 6:
		return mutated(random, mutated(random, number(random, 6, 12)+pick(random, units), durationAlphabet), durationAlphabet)
	default:
		if random.IntN(50) == 0 {
			return number(random, 400, 2000) + pick(random, units)
		}
		return soup(random, durationAlphabet, 8)
	}
}

func fractionDigits(random *rand.Rand) string {
	if random.IntN(2) == 0 {
		return ""
	}
	return "." + digits(random, 1+random.IntN(24))
}

func unitName(unit time.Duration) string {
	return strings.TrimPrefix(strings.ReplaceAll(strings.ReplaceAll(unit.String(), "m0s", "m"), "h0m", "h"), "1")
}
