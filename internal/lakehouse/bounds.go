package lakehouse

import (
	"slices"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Manifests keep the smallest and the largest value of each column of a data file, so that readers skip files. Of an e-mail address, a name or a telephone number that
// is a person's value in the metadata, which is copied and looked at more freely than the data; and since files are laid out by the key, it skips nothing
// there. So text that is not the key has counts alone, as Iceberg's own property says (https://iceberg.apache.org/docs/latest/configuration/#write-properties).
// Numbers, times and the key keep their bounds.

// Modes of a column's metrics that have no bounds.
const (
	countsAlone = "counts"
	noMetrics   = "none"
)

// isPersonal says whether a column of the source has a person's values, as far as is known of it.
func isPersonal(column dataflow.Column, source dataflow.Schema) bool {
	return column.Type == dataflow.String && !slices.Contains(source.Key, column.Name)
}

// metricsMode is the property that says what manifests keep of a column.
func metricsMode(name string) string { return table.MetricsModeColumnConfPrefix + "." + name }

// withoutBounds gives the properties that keep a person's values out of the metadata. A column for which somebody has chosen otherwise keeps that.
func withoutBounds(to layout, source dataflow.Schema, given iceberg.Properties) iceberg.Properties {
	properties := iceberg.Properties{}
	for i, column := range source.Columns {
		name := metricsMode(to.schema.Field(to.fields[i]).Name)
		if _, chosen := given[name]; !chosen && isPersonal(column, source) {
			properties[name] = countsAlone
		}
	}
	return properties
}

// hasBounds says of each column of the source whether it has bounds in a table with these properties.
func hasBounds(to layout, source dataflow.Schema, given iceberg.Properties) []bool {
	has := make([]bool, len(source.Columns))
	for i, column := range source.Columns {
		mode, chosen := given[metricsMode(to.schema.Field(to.fields[i]).Name)]
		if chosen {
			has[i] = mode != countsAlone && mode != noMetrics
		} else {
			has[i] = !isPersonal(column, source)
		}
	}
	return has
}
