// Package sops proves that the program and SOPS understand each other: SOPS reads
// the secrets that the program makes and notices any change to them; the program
// takes those that SOPS makes. SOPS is its library, always, and the command too
// where there is one. It imports nothing of the product, it runs the program; and
// it is a module of its own, because SOPS brings the client of every cloud.
package sops
