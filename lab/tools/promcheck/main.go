// Does what `promtool check metrics` does, without the rest of Prometheus: parses
// Prometheus text from standard input and lints it.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

func main() {
	text, err := io.ReadAll(os.Stdin)
	exitOn(err)
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	exitOn(err)
	problems, err := promlint.New(bytes.NewReader(text)).Lint()
	exitOn(err)
	found := 0
	for _, problem := range problems {
		// Names of OpenTelemetry's conventions, as its Collector translates them too.
		if strings.HasPrefix(problem.Metric, "process_") && strings.Contains(problem.Text, "_count") {
			continue
		}
		found++
		fmt.Printf("%s: %s\n", problem.Metric, problem.Text)
	}
	if found > 0 {
		os.Exit(3)
	}
	series := 0
	for _, family := range families {
		series += len(family.Metric)
	}
	fmt.Printf("%d families, %d series, no problem\n", len(families), series)
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
