package lakehouse

import (
	"maps"

	"github.com/apache/iceberg-go"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// columnProperties gives the table properties that follow from what columns hold. One that somebody has set stays as it is.
func columnProperties(to layout, source dataflow.Schema, given iceberg.Properties) iceberg.Properties {
	properties := withoutBounds(to, source, given)
	maps.Copy(properties, withoutDictionary(to, source, given))
	return properties
}

// dictionaryEnabled is the property that says whether Parquet files have a dictionary of a column's values.
func dictionaryEnabled(name string) string {
	return "write.parquet.dict-encoding-enabled.column." + name // of iceberg-go: https://github.com/apache/iceberg-go/blob/v0.7.0/table/internal/parquet_files.go
}

// withoutDictionary spares columns of hashes the dictionary, which would be made and thrown away: there is mostly another hash in every row.
func withoutDictionary(to layout, source dataflow.Schema, given iceberg.Properties) iceberg.Properties {
	properties := iceberg.Properties{}
	for i, column := range source.Columns {
		name := dictionaryEnabled(to.schema.Field(to.fields[i]).Name)
		if _, chosen := given[name]; !chosen && column.IsHash {
			properties[name] = "false"
		}
	}
	return properties
}
