package main

import (
	"math/rand/v2"
	"strings"
)

func pick(random *rand.Rand, choices []string) string { return choices[random.IntN(len(choices))] }

// digits prefers runs of zeros and nines, where carries and trailing zeros live.
func digits(random *rand.Rand, count int) string {
	var text strings.Builder
	for text.Len() < count {
		switch random.IntN(6) {
		case 0:
			text.WriteString(strings.Repeat("0", 1+random.IntN(6)))
		case 1:
			text.WriteString(strings.Repeat("9", 1+random.IntN(6)))
		default:
			text.WriteByte(byte('0' + random.IntN(10)))
		}
	}
	return text.String()[:count]
}

// number is a decimal number with up to so many digits before and after the point, sometimes with a sign.
func number(random *rand.Rand, whole, fraction int) string {
	text := pick(random, []string{"", "", "", "-", "+"}) + digits(random, random.IntN(whole+1))
	if random.IntN(2) == 0 {
		text += "." + digits(random, random.IntN(fraction+1))
	}
	return text
}

// mutated is text with one byte inserted, removed or replaced.
func mutated(random *rand.Rand, text, alphabet string) string {
	at := random.IntN(len(text) + 1)
	letter := string(alphabet[random.IntN(len(alphabet))])
	switch {
	case random.IntN(3) == 0 || at == len(text):
		return text[:at] + letter + text[at:]
	case random.IntN(2) == 0:
		return text[:at] + text[at+1:]
	default:
		return text[:at] + letter + text[at+1:]
	}
}

func soup(random *rand.Rand, alphabet string, longest int) string {
	var text strings.Builder
	for count := random.IntN(longest + 1); count > 0; count-- {
		text.WriteByte(alphabet[random.IntN(len(alphabet))])
	}
	return text.String()
}
