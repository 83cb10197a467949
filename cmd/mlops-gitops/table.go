package main

import (
	"io"
	"strings"
	"unicode/utf8"
)

// A table is lines of cells; a line of one cell is text that no column minds.
type table [][]string

// write prints the lines, with so many spaces between columns, and shows what would not show.
func (t table) write(w io.Writer, between int) error {
	var widths []int
	for _, line := range t {
		for i, cell := range line {
			line[i] = visible(cell)
		}
	}
	for _, line := range t {
		for i, cell := range line {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			if len(line) > 1 {
				widths[i] = max(widths[i], utf8.RuneCountInString(cell))
			}
		}
	}
	var b strings.Builder
	for _, line := range t {
		for i, cell := range line {
			b.WriteString(cell)
			if i < len(line)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+between))
			}
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// brief is text cut to a number of characters.
func brief(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}

// wrap breaks text between words, so that lines end before column 100.
func wrap(text, indent string) string {
	var b strings.Builder
	width := len(indent)
	for i, word := range strings.Fields(text) {
		if i > 0 && width+1+len(word) > 100 {
			b.WriteString("\n" + indent)
			width = len(indent)
		} else if i > 0 {
			b.WriteString(" ")
			width++
		}
		b.WriteString(word)
		width += len(word)
	}
	return b.String()
}
