package secrets

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

func TestValuesAreOfTheAlphabetAndLength(t *testing.T) {
	for n := 1; n <= 128; n++ {
		value, err := newValue(rand.Reader, n)
		if err != nil {
			t.Fatal(err)
		}
		if !whole(value, n) {
			t.Fatalf("a value of %d: %q", n, value)
		}
	}
}

// Each character must be equally likely at each place, so the counts of many
// values are even: the chance that chi-squared strays from its mean by six
// standard deviations is below one in a million.
func TestValuesAreUnbiased(t *testing.T) {
	const draws = 200_000
	var counts [2][64]int // at the first place, at the second
	for range draws {
		value, err := newValue(rand.Reader, 2)
		if err != nil {
			t.Fatal(err)
		}
		for place, c := range value {
			counts[place][strings.IndexByte(alphabet, c)]++
		}
	}
	for place, letters := range []int{plain, 64} {
		even, chi := float64(draws)/float64(letters), 0.0
		for _, n := range counts[place][:letters] {
			chi += (float64(n) - even) * (float64(n) - even) / even
		}
		freedom := float64(letters - 1)
		if math.Abs(chi-freedom) > 6*math.Sqrt(2*freedom) {
			t.Errorf("place %d: chi-squared is %.0f, want about %.0f", place, chi, freedom)
		}
		for i, n := range counts[place][letters:] {
			if n > 0 {
				t.Errorf("place %d: %d times %q", place, n, alphabet[letters+i])
			}
		}
	}
}

func TestTheFirstPlaceIsDrawnUntilItIsALetterOrDigit(t *testing.T) {
	// 0xff would be '_' and 0x3e '-'; 0x83, 0x01 and 0x42 are D, B and C.
	value, err := newValue(bytes.NewReader([]byte{0xff, 0x01, 0x42, 0x3e, 0x83}), 3)
	if err != nil || string(value) != "DBC" {
		t.Errorf("got %q, %v, want DBC", value, err)
	}
}

func TestLackOfRandomnessIsAnError(t *testing.T) {
	if value, err := newValue(bytes.NewReader([]byte{1, 2}), 3); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %q, %v", value, err)
	}
}

// whole reports whether value could have been made with n characters.
func whole(value []byte, n int) bool {
	return len(value) == n && !strings.ContainsRune("-_", rune(value[0])) && strings.Trim(string(value), alphabet) == ""
}
