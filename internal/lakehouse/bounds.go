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

// countsAlone is the mode of a column that has no bounds.
const countsAlone = "counts"

// withoutBounds gives the properties that keep a person's values out of the metadata. A column for which somebody has chosen otherwise keeps that.
func withoutBounds(to layout, source dataflow.Schema, given iceberg.Properties) iceberg.Properties {
	properties := iceberg.Properties{}
	for i, column := range source.Columns {
		if column.Type != dataflow.String || slices.Contains(source.Key, column.Name) {
			continue
		}
		name := table.MetricsModeColumnConfPrefix + "." + to.schema.Field(to.fields[i]).Name
		if _, chosen := given[name]; !chosen {
			properties[name] = countsAlone
		}
	}
	return properties
}
