package provider

import (
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	resourceschema "github.com/hashicorp/terraform-plugin-framework/resource/schema"
)

var errRemoved = errors.New("it was destroyed; only its run history is left")

// dataflowResultDataAttributes gives the computed attributes of the resource for data sources, so that
// the two can never say different things.
func dataflowResultDataAttributes() map[string]schema.Attribute {
	return readable(dataflowResultAttributes())
}

// readable turns computed attributes of a resource into those of a data source. It knows the kinds that are used here.
func readable(attributes map[string]resourceschema.Attribute) map[string]schema.Attribute {
	out := map[string]schema.Attribute{}
	for name, attribute := range attributes {
		description := attribute.GetMarkdownDescription()
		switch a := attribute.(type) {
		case resourceschema.StringAttribute:
			out[name] = computedText(description)
		case resourceschema.Int64Attribute:
			out[name] = computedNumber(description)
		case resourceschema.Float64Attribute:
			out[name] = schema.Float64Attribute{Computed: true, MarkdownDescription: description}
		case resourceschema.BoolAttribute:
			out[name] = computedBool(description)
		case resourceschema.SingleNestedAttribute:
			out[name] = schema.SingleNestedAttribute{Computed: true, MarkdownDescription: description, Attributes: readable(a.Attributes)}
		case resourceschema.MapAttribute:
			out[name] = schema.MapAttribute{Computed: true, MarkdownDescription: description, ElementType: a.ElementType}
		case resourceschema.MapNestedAttribute:
			out[name] = schema.MapNestedAttribute{
				Computed: true, MarkdownDescription: description,
				NestedObject: schema.NestedAttributeObject{Attributes: readable(a.NestedObject.Attributes)},
			}
		default:
			panic("no data source attribute for " + name)
		}
	}
	return out
}

func computedText(description string) schema.StringAttribute {
	return schema.StringAttribute{Computed: true, MarkdownDescription: description}
}

func computedNumber(description string) schema.Int64Attribute {
	return schema.Int64Attribute{Computed: true, MarkdownDescription: description}
}

func computedBool(description string) schema.BoolAttribute {
	return schema.BoolAttribute{Computed: true, MarkdownDescription: description}
}
