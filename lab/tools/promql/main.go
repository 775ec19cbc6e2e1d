// Parses PromQL with Prometheus' own parser: one expression a line from standard
// input; prints what is wrong with each bad one.
package main

import (
	"bufio"
	"fmt"
	"os"

	"github.com/prometheus/prometheus/promql/parser"
)

func main() {
	promql := parser.NewParser(parser.Options{})
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	failed := false
	for lines.Scan() {
		if _, err := promql.ParseExpr(lines.Text()); err != nil {
			fmt.Printf("%s\n  %v\n", lines.Text(), err)
			failed = true
		}
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if failed {
		os.Exit(3)
	}
}
