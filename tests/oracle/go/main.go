// The oracle compares Plimsoll with the Go code that Kubernetes itself runs, on generated values.
//
// What is generated depends on the seed alone, so a disagreement can be had again. The values are a mix of what people
// write, of numbers at the edges, and of texts made to be hostile.
package main

import (
	"bufio"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
)

const shownDisagreements = 10

// A question is put to Plimsoll and its answer judged; judge returns what is wrong with it, or nothing.
type question struct {
	name      string
	arguments []string
	judge     func(answer string) string
}

func (q question) line() string {
	words := []string{q.name}
	for _, argument := range q.arguments {
		words = append(words, "x"+hex.EncodeToString([]byte(argument))) // the x keeps an empty one visible
	}
	return strings.Join(words, " ") + "\n"
}

// A subject is one thing to compare: it makes questions, and counts what it saw.
type subject struct {
	name     string
	question func(random *rand.Rand) question
	tally    *tally
}

// A tally counts how the values were distributed, so that a run that tried nothing cannot look like agreement.
type tally struct {
	accepted, refused int
	excused           map[string]int // where Go is at odds with itself, by the reason
}

func newTally() *tally { return &tally{excused: map[string]int{}} }

func main() {
	count := flag.Int("count", 100000, "values of each kind")
	seed := flag.Uint64("seed", 1, "seed of the generator")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: oracle [-count N] [-seed N] PLIMSOLL_ORACLE")
		os.Exit(2)
	}
	wrong := 0
	for _, subject := range []subject{quantities(), durations(), patches()} {
		disagreements, err := compare(flag.Arg(0), subject, *count, rand.New(rand.NewPCG(*seed, 0)))
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", subject.name, err)
			os.Exit(2)
		}
		wrong += disagreements
	}
	if wrong > 0 {
		os.Exit(1)
	}
}

func compare(program string, subject subject, count int, random *rand.Rand) (int, error) {
	command := exec.Command(program)
	command.Stderr = os.Stderr
	input, err := command.StdinPipe()
	if err != nil {
		return 0, err
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := command.Start(); err != nil {
		return 0, err
	}

	questions := make(chan question, 1024)
	go func() {
		defer close(questions)
		defer input.Close()
		writer := bufio.NewWriter(input)
		defer writer.Flush()
		for i := 0; i < count; i++ {
			question := subject.question(random)
			questions <- question
			if _, err := io.WriteString(writer, question.line()); err != nil {
				return
			}
			if i%512 == 511 {
				writer.Flush()
			}
		}
	}()

	answers := bufio.NewReaderSize(output, 1<<20)
	asked, disagreements := 0, 0
	for question := range questions {
		answer, err := answers.ReadString('\n')
		if err != nil {
			return 0, fmt.Errorf("no answer to %s %q: %w", question.name, question.arguments, err)
		}
		asked++
		if wrong := question.judge(strings.TrimSuffix(answer, "\n")); wrong != "" {
			disagreements++
			if disagreements <= shownDisagreements {
				fmt.Printf("  %s %q: %s\n", question.name, question.arguments, wrong)
			}
		}
	}
	if err := command.Wait(); err != nil {
		return 0, err
	}
	if asked != count {
		return 0, fmt.Errorf("asked %d instead of %d", asked, count)
	}
	fmt.Printf("%s: %d compared (%d accepted, %d refused by Go), %d disagreements\n",
		subject.name, asked, subject.tally.accepted, subject.tally.refused, disagreements)
	for _, reason := range slices.Sorted(maps.Keys(subject.tally.excused)) {
		fmt.Printf("  %d × not held against either: %s\n", subject.tally.excused[reason], reason)
	}
	return disagreements, nil
}
