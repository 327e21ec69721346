package provider

import (
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

func TestMaxAge_IsJudgedAtTheTimeTheStateWasRead(t *testing.T) {
	refreshed := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	last := timeValue(&refreshed)
	cases := map[string]struct {
		maxAge, lastRefreshAt types.String
		readAt                time.Time
		want                  bool
	}{
		"younger":                          {types.StringValue("24h"), last, refreshed.Add(23 * time.Hour), false},
		"exactly as old":                   {types.StringValue("24h"), last, refreshed.Add(24 * time.Hour), false},
		"older":                            {types.StringValue("24h"), last, refreshed.Add(24*time.Hour + time.Nanosecond), true},
		"never refreshed":                  {types.StringValue("24h"), types.StringNull(), refreshed, true},
		"no max_age":                       {types.StringNull(), last, refreshed.Add(1000 * time.Hour), false},
		"not known yet":                    {types.StringUnknown(), last, refreshed.Add(1000 * time.Hour), false},
		"created, and not read since":      {types.StringValue("24h"), last, time.Time{}, false},
		"read by a clock that is behind":   {types.StringValue("24h"), last, refreshed.Add(-time.Hour), false},
		"refreshed by a clock a day ahead": {types.StringValue("24h"), last, refreshed.Add(-24*time.Hour - time.Nanosecond), true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := isOlder(c.maxAge, c.lastRefreshAt, c.readAt); got != c.want {
				t.Errorf("older: %v, want %v", got, c.want)
			}
		})
	}
}
