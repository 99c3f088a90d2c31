// Package reports adds up what packets and flows say, and prints it.
//
// A report yields a [Table]: columns with kinds, rows in a total order. [WriteText], [WriteJSON] and [WriteCSV]
// print any table, so that a number looks the same whichever report it comes from.
//
// The rest of the package is what reports count with: [Groups] (a bounded table of groups), [Distinct] (how many
// different values), [Rates] (mean and peak by the second). All of them are bounded in memory, do not allocate once
// they have grown, and give the same result for any number of workers when used as their comments say.
package reports
