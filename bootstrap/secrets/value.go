package secrets

import "io"

// alphabet is what values are made of: it needs no quoting or escaping in a URL,
// a shell, YAML, an INI file or a connection string (RFC 4648, section 5). Its
// letters and digits come first.
const (
	alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	plain    = 62 // of the alphabet are letters and digits
)

// newValue returns n characters, at least one, each 6 bits from rand and so
// equally likely. The first is a letter or a digit, lest a program take the
// value for an option.
func newValue(rand io.Reader, n int) ([]byte, error) {
	value := make([]byte, n)
	if _, err := io.ReadFull(rand, value); err != nil {
		return nil, err
	}
	for value[0]%64 >= plain {
		if _, err := io.ReadFull(rand, value[:1]); err != nil {
			return nil, err
		}
	}
	for i, b := range value {
		value[i] = alphabet[b%64]
	}
	return value, nil
}
