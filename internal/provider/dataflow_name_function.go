package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

var _ function.Function = (*dataflowNameFunction)(nil)

type dataflowNameFunction struct{}

func newDataflowNameFunction() function.Function { return dataflowNameFunction{} }

func (dataflowNameFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "dataflow_name"
}

func (dataflowNameFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "A valid name of a dataflow or a connector from any text",
		MarkdownDescription: "Gives the letters and digits of a text: `\"EU Customers, 2024\"` gives `\"EUCustomers2024\"`. Of a letter with an accent the letter stays; letters of other scripts are left out. " +
			"A text that begins with a digit gets a `D` in front. What is longer than 64 characters is cut off and ends in eight characters of the text's SHA-256, so that two long texts stay two names.",
		Parameters: []function.Parameter{function.StringParameter{
			Name:                "text",
			MarkdownDescription: "Any text with a letter or a digit (`A-Z`, `a-z`, `0-9`); one without is an error.",
		}},
		Return: function.StringReturn{},
	}
}

func (dataflowNameFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var text string
	if resp.Error = req.Arguments.Get(ctx, &text); resp.Error != nil {
		return
	}
	name, err := dataflow.NameFrom(text)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(0, err.Error()) // the CLI ends it with a full stop
		return
	}
	resp.Error = resp.Result.Set(ctx, name)
}
