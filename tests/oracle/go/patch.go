package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
)

func patches() subject {
	tally := newTally()
	return subject{"patches", func(random *rand.Rand) question {
		target, patch := targetAndPatch(random)
		return question{"patch", []string{target, patch}, func(answer string) string {
			return judgePatch(target, patch, answer, tally)
		}}
	}, tally}
}

func judgePatch(target, patch, answer string, tally *tally) string {
	want, err := applied(target, patch)
	if err != nil {
		tally.refused++
		if !strings.HasPrefix(answer, "error ") {
			return fmt.Sprintf("Go refuses (%v), we answer %s", err, answer)
		}
		return ""
	}
	tally.accepted++
	got, ok := strings.CutPrefix(answer, "ok ")
	if !ok || !sameJSON(decoded(got), decoded(want)) {
		return fmt.Sprintf("Go makes %s, we answer %s", want, answer)
	}
	return ""
}

func applied(target, patch string) (result string, err error) {
	operations, err := jsonpatch.DecodePatch([]byte(patch))
	if err != nil {
		return "", err
	}
	bytes, err := operations.Apply([]byte(target))
	return string(bytes), err
}

func decoded(text string) any {
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil || decoder.More() {
		return fmt.Errorf("not JSON: %s", text)
	}
	return value
}

func encoded(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func sameJSON(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for key, value := range a {
			other, ok := b[key]
			if !ok || !sameJSON(value, other) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !sameJSON(a[i], b[i]) {
				return false
			}
		}
		return true
	case json.Number:
		b, ok := b.(json.Number)
		return ok && sameNumber(string(a), string(b))
	case error:
		return false
	default:
		return a == b
	}
}

// sameNumber compares integers exactly and the rest as float64, which is how Kubernetes decodes them.
func sameNumber(a, b string) bool {
	left, isInteger := new(big.Int).SetString(a, 10)
	if isInteger {
		right, isInteger := new(big.Int).SetString(b, 10)
		return isInteger && left.Cmp(right) == 0
	}
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	return errX == nil && errY == nil && x == y
}

// Keys that need escaping, look like indexes, or look like one another.
var keys = []string{"a", "b", "spec", "nvidia.com/gpu", "m~n", "~1", "/", "", "0", "-", "-1", "\u00e9\U0001F600", "q\"\\\n", "a/b~c"}

func value(random *rand.Rand, depth int) any {
	kinds := 10
	if depth <= 0 {
		kinds = 6
	}
	switch random.IntN(kinds) {
	case 0:
		return nil
	case 1:
		return random.IntN(2) == 0
	case 2, 3:
		return jsonNumber(random)
	case 4, 5:
		return pick(random, keys) + pick(random, []string{"", "", "x", "\x00", "<&>\u2028"})
	case 6, 7:
		array := make([]any, random.IntN(5))
		for i := range array {
			array[i] = value(random, depth-1)
		}
		return array
	default:
		object := map[string]any{}
		for members := random.IntN(6); members > 0; members-- {
			object[pick(random, keys)] = value(random, depth-1)
		}
		return object
	}
}

func jsonNumber(random *rand.Rand) json.Number {
	switch random.IntN(5) {
	case 0:
		return json.Number(strconv.FormatInt(int64(random.Uint64())>>random.IntN(64), 10))
	case 1:
		return json.Number(strconv.FormatUint(random.Uint64(), 10))
	case 2:
		return json.Number(pick(random, []string{"0", "1.0", "0.5", "1e3", "1E-2", "9223372036854775807", "-9223372036854775808"}))
	default:
		float := math.Float64frombits(random.Uint64())
		if math.IsNaN(float) || math.IsInf(float, 0) {
			float = 0.1
		}
		return json.Number(strconv.FormatFloat(float, 'e', -1, 64))
	}
}

func targetAndPatch(random *rand.Rand) (target, patch string) {
	root := map[string]any{}
	for len(root) < 1+random.IntN(5) {
		root[pick(random, keys)] = value(random, 4)
	}
	target = encoded(root)
	if random.IntN(50) == 0 {
		target = encoded([]any{root, 1, nil})
	}
	// Each operation is made for what the ones before it left, so that long patches get to their end now and then.
	current := target
	var operations []map[string]any
	for count := random.IntN(6); count >= 0; count-- {
		operation := map[string]any{"op": pick(random, []string{"add", "add", "remove", "replace"})}
		operation["path"] = path(random, decoded(current))
		if operation["op"] != "remove" || random.IntN(20) == 0 {
			operation["value"] = value(random, 3)
		}
		operations = append(operations, operation)
		if next, err := applied(current, encoded([]any{operation})); err == nil {
			current = next
		} else if random.IntN(4) != 0 {
			operations = operations[:len(operations)-1]
		}
	}
	if len(operations) == 0 {
		return targetAndPatch(random)
	}
	return target, encoded(operations)
}

var escape = strings.NewReplacer("~", "~0", "/", "~1")

// path leads to something in document, or near it. It is always a valid pointer: json-patch takes others too, Plimsoll does not.
func path(random *rand.Rand, document any) string {
	text := ""
	for random.IntN(6) != 0 {
		switch here := document.(type) {
		case map[string]any:
			key := pick(random, keys)
			if _, ok := here[key]; !ok && random.IntN(2) == 0 {
				key = pick(random, keys)
			}
			text += "/" + escape.Replace(key)
			document = here[key]
		case []any:
			index := random.IntN(len(here) + 1)
			text += "/" + indexText(random, index, len(here))
			if index == len(here) {
				return text
			}
			document = here[index]
		default:
			if random.IntN(4) == 0 {
				text += "/" + escape.Replace(pick(random, keys))
			}
			return text
		}
	}
	return text
}

func indexText(random *rand.Rand, index, length int) string {
	switch random.IntN(14) {
	case 0:
		return "-"
	case 1:
		return strconv.Itoa(index - length)
	case 2:
		return "0" + strconv.Itoa(index)
	case 3:
		return "+" + strconv.Itoa(index)
	case 4:
		return strconv.Itoa(random.IntN(2*length+6) - length - 3)
	case 5:
		return pick(random, []string{"", "1e0", "0x0", "-0", " 0", "1_0", "99999999999999999999", "-9223372036854775808", "+-1", "--1", "\u0661"})
	default:
		return strconv.Itoa(index)
	}
}
