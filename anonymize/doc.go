// Package anonymize takes out of frames what tells whose they are, and leaves what they are.
//
//   - IP addresses become others such that two that share a prefix of n bits share one of n bits afterwards, and no more. MAC
//     addresses keep their first three bytes, which say who made the interface.
//   - Text becomes x. What nothing dissects, payload for the most part, becomes zeros. Lengths stay.
//   - Checksums become right again at every depth; a wrong one stays wrong by the same difference, an absent one absent.
//
// What becomes of an address depends on the address and the [Key] alone, so that captures that were anonymized with one key fit together.
package anonymize
