package enginetest

import (
	"fmt"
	"unicode/utf8"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// profile is the profile of the rows that were put, for the columns that the table will have; nil: the definition wants none. Every number in it is exact.
func (s *staging) profile(schema dataflow.Schema) *dataflow.Profile {
	if !s.req.Definition.Metadata {
		return nil
	}
	profile := &dataflow.Profile{Rows: int64(len(s.rows)), Columns: map[string]dataflow.ColumnProfile{}}
	for _, column := range schema.Columns {
		profile.Columns[column.Name] = s.profileOf(column)
	}
	return profile
}

func (s *staging) profileOf(column dataflow.Column) dataflow.ColumnProfile {
	var profile dataflow.ColumnProfile
	var longest int64
	distinct := map[string]bool{}
	for _, row := range s.rows {
		value, filled := row[column.Name]
		if !filled {
			continue
		}
		profile.Filled++
		distinct[fmt.Sprint(value)] = true // the values of a column have one type
		switch v := value.(type) {
		case string:
			longest = max(longest, int64(utf8.RuneCountInString(v)))
			if v == "" {
				profile.Empty++
			}
		case map[string]string:
			for _, text := range v {
				longest = max(longest, int64(utf8.RuneCountInString(text)))
			}
			if len(v) == 0 {
				profile.Empty++
			}
		}
	}
	profile.Distinct = int64(len(distinct))
	if column.Type == dataflow.String || column.Type == dataflow.TextMap {
		profile.Longest = &longest
	}
	return profile
}
