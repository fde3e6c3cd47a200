package main

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

func powerOfTen(exponent int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(exponent)), nil)
}

var (
	nanosPerUnit  = big.NewInt(1e9)
	nanosPerMilli = big.NewInt(1e6)
	// Where Plimsoll's decimal quantities saturate; Kubernetes' have no end.
	largestNanos = powerOfTen(38)
	// A multiple of 10^21 has no decimal suffix, and Quantity.String writes it without one: "1000E" becomes "1".
	unsuffixedNanos = powerOfTen(30)
)

func quantities() subject {
	tally := newTally()
	previous := "1"
	return subject{"quantities", func(random *rand.Rand) question {
		text := quantityText(random)
		for hangsGo(text) {
			text = quantityText(random)
		}
		other := previous
		if random.IntN(2) == 0 {
			other = neighbour(random, text)
		}
		previous = text
		return question{"quantity", []string{text, other}, func(answer string) string {
			return judgeQuantity(text, other, answer, tally)
		}}
	}, tally}
}

func judgeQuantity(text, other, answer string, tally *tally) string {
	quantity, err := resource.ParseQuantity(text)
	if err != nil {
		tally.refused++
		if !strings.HasPrefix(answer, "error ") {
			return fmt.Sprintf("Go refuses (%v), we answer %s", err, answer)
		}
		return ""
	}
	tally.accepted++
	fields := strings.Fields(answer)
	if len(fields) != 8 || fields[0] != "ok" {
		return fmt.Sprintf("Go reads %s, we answer %s", quantity.String(), answer)
	}
	var wrong []string
	expect := func(what, got, want string) {
		if got != want {
			wrong = append(wrong, fmt.Sprintf("%s is %s, Go says %s", what, got, want))
		}
	}

	nanos := nanosOf(quantity)
	saturated := nanos.CmpAbs(largestNanos) > 0
	if saturated {
		tally.excused["decimals beyond 10^29 saturate with us"]++
		nanos = new(big.Int).Mul(largestNanos, big.NewInt(int64(nanos.Sign())))
	}
	expect("the amount in billionths", fields[1], nanos.String())
	expect("the format", fields[2], string(quantity.Format))
	if !saturated {
		judgeText(text, fields[3], quantity, nanos, expect, tally)
	}
	expect("Value", fields[4], strconv.FormatInt(countOf(quantity, nanos, nanosPerUnit, (*resource.Quantity).Value), 10))
	expect("MilliValue", fields[5], strconv.FormatInt(countOf(quantity, nanos, nanosPerMilli, (*resource.Quantity).MilliValue), 10))

	// What we write of an amount is to come back from the API server as it stands.
	if bytes := fields[7]; bytes != "-" {
		stored := resource.MustParse(bytes)
		expect("the text of its bytes once stored", bytes, stored.String())
		expect("its bytes", fields[4], strconv.FormatInt(stored.Value(), 10))
	} else if nanos.Sign() >= 0 {
		expect("the text of its bytes", bytes, "one")
	}

	right, err := resource.ParseQuantity(other)
	switch {
	case err != nil:
		expect("the order", fields[6], "-")
	case nanos.CmpAbs(largestNanos) >= 0 && nanosOf(right).CmpAbs(largestNanos) >= 0 && quantity.Sign() == right.Sign():
		// Both at the end of our scale: equal with us, ordered in Go.
	default:
		left := quantity.DeepCopy()
		expect("the order against "+strconv.Quote(other), fields[6], strconv.Itoa(left.Cmp(right)))
	}
	return strings.Join(wrong, "; ")
}

func nanosOf(quantity resource.Quantity) *big.Int {
	copied := quantity.DeepCopy()
	decimal := copied.AsDec()
	shift := 9 - int(decimal.Scale())
	if decimal.Sign() == 0 {
		return new(big.Int)
	}
	if shift < 0 {
		panic("ParseQuantity left a fraction of a billionth in " + quantity.String())
	}
	return new(big.Int).Mul(decimal.UnscaledBig(), powerOfTen(shift))
}

// judgeText wants the canonical form.
func judgeText(text, got string, quantity resource.Quantity, nanos *big.Int, expect func(what, got, want string), tally *tally) {
	decimal := quantity.Format == resource.DecimalSI
	if nanos.Sign() != 0 && decimal && new(big.Int).Rem(nanos, unsuffixedNanos).Sign() == 0 {
		tally.excused["Quantity.String drops the suffix of multiples of 10^21"]++
		return
	}
	number, suffix := quantity.CanonicalizeBytes(nil)
	canonical := string(number) + string(suffix)
	expect("the text", got, canonical)
	if written := quantity.String(); written != canonical {
		tally.excused["Quantity.String repeats what was written though it is not canonical"]++
		expect("Go's own text", written, text)
	}
}

// countOf is Value or MilliValue, where those are right: beyond int64 they wrap around and ours saturates; below zero they
// round one way or the other, depending on how the number is held.
func countOf(quantity resource.Quantity, nanos, unit *big.Int, count func(*resource.Quantity) int64) int64 {
	switch {
	case nanos.Cmp(new(big.Int).Mul(big.NewInt(math.MaxInt64), unit)) > 0:
		return math.MaxInt64
	case nanos.Cmp(new(big.Int).Mul(big.NewInt(math.MinInt64), unit)) <= 0:
		return math.MinInt64
	}
	copied := quantity.DeepCopy()
	if nanos.Sign() >= 0 {
		return count(&copied)
	}
	copied.Neg()
	if nanos.CmpAbs(new(big.Int).Mul(big.NewInt(math.MaxInt64), unit)) > 0 {
		return math.MinInt64
	}
	return -count(&copied)
}

var suffixes = []string{"", "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"}

func quantityText(random *rand.Rand) string {
	switch random.IntN(10) {
	case 0, 1: // what people write
		return fmt.Sprint(random.IntN(5000)) + pick(random, suffixes)
	case 2:
		return fmt.Sprintf("%.*f", random.IntN(4), random.Float64()*math.Pow(10, float64(random.IntN(6)))) + pick(random, suffixes)
	case 3: // any length
		return number(random, 40, 40) + pick(random, suffixes)
	case 4:
		if zeros := random.IntN(60); random.IntN(3) == 0 { // an exponent that undoes leading zeros
			return fmt.Sprintf("0.%s%se%d", strings.Repeat("0", zeros), digits(random, 1+random.IntN(20)), zeros+random.IntN(40)-20)
		}
		return number(random, 20, 20) + pick(random, []string{"e", "E"}) + exponent(random)
	case 5:
		return edge(random) + pick(random, suffixes)
	case 6:
		return binaryTie(random)
	case 7:
		return mutated(random, number(random, 6, 6)+pick(random, suffixes), quantityAlphabet)
	case 8:
		return soup(random, quantityAlphabet, 12)
	default:
		if random.IntN(50) == 0 {
			return number(random, 3000, 3000) + pick(random, suffixes)
		}
		return mutated(random, mutated(random, edge(random)+pick(random, suffixes), quantityAlphabet), quantityAlphabet)
	}
}

const quantityAlphabet = "0123456789000+-..eEinumkKMGTPi xb,_\t\n\x00\xc2\xb5"

var exponentPattern = regexp.MustCompile(`[eE][-+]?0*([0-9]+)$`)

// hangsGo tells exponents with which Go's own arithmetic does not end in reasonable time, such as "1e-999999999".
func hangsGo(text string) bool {
	match := exponentPattern.FindStringSubmatch(text)
	return match != nil && len(match[1]) > 3
}

func exponent(random *rand.Rand) string {
	sign := pick(random, []string{"", "+", "-"})
	return sign + strings.Repeat("0", random.IntN(3)) + fmt.Sprint(random.IntN([]int{4, 20, 40, 400}[random.IntN(4)]))
}

// edge is a number close to where something changes: powers of two and ten, and the ends of int64.
func edge(random *rand.Rand) string {
	base := big.NewInt(10)
	if random.IntN(2) == 0 {
		base = big.NewInt(2)
	}
	value := new(big.Int).Exp(base, big.NewInt(int64(random.IntN(68))), nil)
	if random.IntN(3) == 0 {
		value.SetInt64(math.MaxInt64)
		value.Rsh(value, uint(random.IntN(7)*10))
	}
	value.Add(value, big.NewInt(int64(random.IntN(5)-2)))
	if random.IntN(4) == 0 {
		value.Neg(value)
	}
	text := value.String()
	if point := random.IntN(len(text) + 1); random.IntN(2) == 0 {
		text = text[:point] + "." + text[point:]
	}
	return text
}

// binaryTie is n billionths of a binary unit, exactly or off by one in the last of many decimals: where a product that is not exact
// would round to the wrong side.
func binaryTie(random *rand.Rand) string {
	step := 1 + random.IntN(6)
	unit := new(big.Int).Lsh(nanosPerUnit, uint(10*step))
	decimals := 10*step + 9
	numerator := new(big.Int).SetUint64(random.Uint64N(1 << 60))
	numerator.Mod(numerator, unit)
	scaled := numerator.Mul(numerator, powerOfTen(decimals))
	scaled.Div(scaled, unit)
	scaled.Add(scaled, big.NewInt(int64(random.IntN(3)-1)))
	digits := fmt.Sprintf("%0*s", decimals, strings.TrimPrefix(scaled.String(), "-"))
	return fmt.Sprint(random.IntN(20)) + "." + digits + strings.Repeat("0", random.IntN(3)) + suffixes[10+step]
}

// neighbour is a quantity that is equal or nearly so, written otherwise.
func neighbour(random *rand.Rand, text string) string {
	quantity, err := resource.ParseQuantity(text)
	if err != nil || nanosOf(quantity).CmpAbs(largestNanos) > 0 {
		return text
	}
	nanos := nanosOf(quantity)
	return nanos.Add(nanos, big.NewInt(int64(random.IntN(3)-1))).String() + "n"
}
