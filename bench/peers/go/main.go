// SPDX-License-Identifier: BSD-3-Clause

// golang-jwt v4 as LiveKit's server uses its library: parsed without a key to find the API key, then
// parsed and verified into the grants. peer FILE [ROUNDS]; the tokens of bench_core -d.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"github.com/golang-jwt/jwt"
)

type video struct {
	RoomJoin bool   `json:"roomJoin,omitempty"`
	Room     string `json:"room,omitempty"`
}

type grants struct {
	jwt.StandardClaims
	Name  string `json:"name,omitempty"`
	Video *video `json:"video,omitempty"`
}

const now = 1800000000

func admits(token string, app string, secret []byte) bool {
	parser := jwt.Parser{ValidMethods: []string{"HS256"}, SkipClaimsValidation: true}
	var first jwt.StandardClaims
	if _, _, err := parser.ParseUnverified(token, &first); err != nil || first.Issuer != app {
		return false
	}
	var g grants
	_, err := parser.ParseWithClaims(token, &g, func(*jwt.Token) (interface{}, error) { return secret, nil })
	return err == nil && g.Issuer == app && g.Subject != "" && g.Video != nil && g.Video.RoomJoin &&
		g.Video.Room != "" && now < g.ExpiresAt+60 && now >= g.NotBefore-60
}

// Go's collector has threads of its own, which are a part of the price: the process's CPU time.
func cpuNs() float64 {
	var t syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, 2, uintptr(unsafe.Pointer(&t)), 0)
	return float64(t.Sec)*1e9 + float64(t.Nsec)
}

func main() {
	runtime.GOMAXPROCS(1)
	file, err := os.Open(os.Args[1])
	if err != nil {
		panic(err)
	}
	rounds := 30
	if len(os.Args) > 2 {
		rounds, _ = strconv.Atoi(os.Args[2])
	}
	lines := bufio.NewScanner(file)
	lines.Scan()
	words := strings.Fields(lines.Text())
	var tokens []string
	for lines.Scan() {
		tokens = append(tokens, lines.Text())
	}
	bad := tokens[0][:len(tokens[0])-20] + "AAAAAAAAAAAAAAAAAAAA"
	if admits(bad, words[0], []byte(words[1])) {
		panic("admits a bad signature")
	}
	var samples []float64
	for i := 0; i < rounds; i++ {
		start := cpuNs()
		for _, token := range tokens {
			if !admits(token, words[0], []byte(words[1])) {
				panic("refuses a good token")
			}
		}
		samples = append(samples, (cpuNs()-start)/float64(len(tokens)))
	}
	sort.Float64s(samples)
	fmt.Printf("{\"bench\": \"peer\", \"who\": \"golang-jwt v4\", \"best_ns\": %.1f, \"median_ns\": %.1f, \"tokens\": %d}\n",
		samples[0], samples[(rounds-1)/2], len(tokens))
}
