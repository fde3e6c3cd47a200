// The load generator of api_server_cost.py: sends one block of POSTs after the other, as its caller orders them, and tells how long each
// took. A process of its own, because a Python client is too slow to see a millisecond with 32 requests in flight.
//
//	load TARGETS.json
//
// A line on standard input is a block, {"target": 0, "inFlight": 8, "requests": 100}; the answer on standard output is a line too: a list
// of microseconds, in no order. Connections are kept between blocks, HTTP/2 where the server offers it, as kubectl has it.
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

type target struct {
	URL           string            `json:"url"`
	Body          string            `json:"body"`
	Headers       map[string]string `json:"headers"`
	AuthorityFile string            `json:"authorityFile"`
	ServerName    string            `json:"serverName"`
	WantedStatus  int               `json:"wantedStatus"`
	client        *http.Client
}

type block struct {
	Target   int `json:"target"`
	InFlight int `json:"inFlight"`
	Requests int `json:"requests"`
}

func main() {
	if len(os.Args) != 2 {
		fail("usage: load TARGETS.json")
	}
	targets, err := loadTargets(os.Args[1])
	if err != nil {
		fail(err)
	}
	blocks := bufio.NewScanner(os.Stdin)
	answers := json.NewEncoder(os.Stdout)
	for blocks.Scan() {
		var wanted block
		if err := json.Unmarshal(blocks.Bytes(), &wanted); err != nil {
			fail(err)
		}
		times, err := send(&targets[wanted.Target], wanted)
		if err != nil {
			fail(err)
		}
		if err := answers.Encode(times); err != nil {
			fail(err)
		}
	}
}

func fail(why any) {
	fmt.Fprintln(os.Stderr, "load:", why)
	os.Exit(1)
}

func loadTargets(path string) ([]target, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var targets []target
	if err := json.Unmarshal(text, &targets); err != nil {
		return nil, err
	}
	clients := map[string]*http.Client{} // one for each server: targets of the same server share its connections
	for i := range targets {
		t := &targets[i]
		key := t.AuthorityFile + " " + t.ServerName
		if clients[key] == nil {
			if clients[key], err = makeClient(t); err != nil {
				return nil, err
			}
		}
		t.client = clients[key]
	}
	return targets, nil
}

func makeClient(t *target) (*http.Client, error) {
	authority, err := os.ReadFile(t.AuthorityFile)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("%s holds no certificate", t.AuthorityFile)
	}
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: roots, ServerName: t.ServerName},
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: 256,
	}}, nil
}

// send makes all requests of the block and returns their times in microseconds.
func send(t *target, wanted block) ([]int64, error) {
	times := make([]int64, wanted.Requests)
	var next atomic.Int64
	var first error
	var once sync.Once
	var senders sync.WaitGroup
	for range wanted.InFlight {
		senders.Go(func() {
			for i := next.Add(1) - 1; i < int64(wanted.Requests); i = next.Add(1) - 1 {
				began := time.Now()
				if err := post(t); err != nil {
					once.Do(func() { first = err })
					return
				}
				times[i] = time.Since(began).Microseconds()
			}
		})
	}
	senders.Wait()
	return times, first
}

func post(t *target) error {
	request, err := http.NewRequest(http.MethodPost, t.URL, bytes.NewReader([]byte(t.Body)))
	if err != nil {
		return err
	}
	for key, value := range t.Headers {
		request.Header.Set(key, value)
	}
	response, err := t.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != t.WantedStatus {
		return fmt.Errorf("%s: HTTP status %d: %.500s", t.URL, response.StatusCode, answer)
	}
	return nil
}
