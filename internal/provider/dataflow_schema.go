package provider

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/boolplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/mapplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/objectplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// maxText bounds what people write for people.
const maxText = 2048

// UpgradeState brings a state that an older schema wrote to today's.
func (*dataflowResource) UpgradeState(context.Context) map[int64]resource.StateUpgrader {
	return upgraders(dataflowChanges)
}

func (r *dataflowResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		Version: int64(len(dataflowChanges)),
		MarkdownDescription: "A dataflow imports chosen tables of a connector into a database of Apache Iceberg tables. " +
			"Creating it runs it; so does a change of what it imports or of `refresh_triggers`. " +
			"A plan runs the dataflow exactly when it shows `last_run` as known after apply. " +
			"A run that fails the apply, publishes nothing, and is planned again.",
		Attributes: r.arguments(ctx),
	}
	maps.Copy(resp.Schema.Attributes, dataflowResultAttributes())
}

func (r *dataflowResource) arguments(ctx context.Context) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"name": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "The dataflow's name: " + dataflow.NameRule + ". Unique in the workspace without regard to case. Changing it replaces the dataflow, and with it the tables.",
			Validators:          []validator.String{nameValidator()},
			PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
		"display_name": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "The name that people are shown, at most 2,048 characters. Changing it runs nothing.",
			Validators:          []validator.String{stringvalidator.UTF8LengthAtMost(maxText)},
		},
		"description": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "What the dataflow is for, at most 2,048 characters. Changing it runs nothing.",
			Validators:          []validator.String{stringvalidator.UTF8LengthAtMost(maxText)},
		},
		"connector_id": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "The `id` of the connector that is imported. Changing it runs the dataflow.",
			Validators:          []validator.String{referenceValidator()},
		},
		"database": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "The database (Iceberg namespace) of the tables: " + dataflow.IdentifierRule + "; not `" + dataflow.ReservedDatabase +
				"`. It belongs to this dataflow alone. Default: the name in lower case. Changing it runs the dataflow, which makes the tables anew there and hides the old ones.",
			Validators:    []validator.String{databaseValidator()},
			PlanModifiers: []planmodifier.String{databaseDefault{}},
		},
		"tables": schema.MapNestedAttribute{
			Required: true,
			MarkdownDescription: "The tables to import, by their key: " + strings.Join(quoted(r.types.tableKeys()), ", ") +
				". The connector's `unreadable_tables` names those that its sign-in can't read. Changing it runs the dataflow; a table taken out is hidden.",
			Validators: []validator.Map{
				mapvalidator.SizeAtLeast(1),
				mapvalidator.KeysAre(tableKeyValidator(r.types)),
			},
			NestedObject: schema.NestedAttributeObject{Attributes: withColumnPolicies(map[string]schema.Attribute{
				"purpose": schema.StringAttribute{
					Optional: true, Computed: true,
					MarkdownDescription: "What the table is imported for: " + strings.Join(quoted(dataflow.Purposes()), ", ") + ". Default: `All`. It is a property of the Iceberg table.",
					Default:             stringdefault.StaticString(string(dataflow.PurposeAll)),
					Validators:          []validator.String{stringvalidator.OneOf(dataflow.Purposes()...)},
				},
				"data": schema.BoolAttribute{
					Optional: true, Computed: true,
					MarkdownDescription: "Whether the table's rows are loaded. Default: `true`, but `false` when the purpose is `Privacy-Metadata`. " +
						"With `false` the rows are read for what is known about them, and no value of them is kept.",
					PlanModifiers: []planmodifier.Bool{dataDefault{}},
				},
				"metadata": schema.BoolAttribute{
					Optional: true, Computed: true,
					MarkdownDescription: "Whether what is known about the values of the table's columns is loaded: `filled`, `empty`, `distinct` and `longest` of `skypoint_table`. " +
						"Default: `true`. Not `false` together with `data = false`.",
					Default: booldefault.StaticBool(true),
				},
				"table_name": schema.StringAttribute{
					Optional: true, Computed: true,
					MarkdownDescription: "What the table is called in the database: " + dataflow.IdentifierRule + ". Default: its key. Changing it makes the table anew and hides the old one.",
					Default:             tableNameDefault{},
					Validators:          []validator.String{tableNameValidator()},
				},
			})},
		},
		"hash_key_wo": schema.StringAttribute{
			Optional: true, Sensitive: true, WriteOnly: true,
			MarkdownDescription: fmt.Sprintf("The key that columns with `policy = \"hash\"` are hashed with: its UTF-8 bytes, at least %d of them. Write-only: it is in no plan and no state, and sealed in the workspace. ", dataflow.MinHashKeyBytes) +
				"Default: a key that the workspace makes for itself, the same for all its dataflows, so that their tables join. A new key takes a new `hash_key_wo_version`; as long as that stays, the sealed one is used, and this may be left out. Changing it alone plans nothing.",
			Validators: []validator.String{
				stringvalidator.LengthBetween(dataflow.MinHashKeyBytes, 1024),
				stringvalidator.AlsoRequires(path.MatchRoot("hash_key_wo_version")),
			},
		},
		"hash_key_wo_version": schema.Int64Attribute{
			Optional:            true,
			Validators:          []validator.Int64{int64validator.AtLeast(1)},
			MarkdownDescription: "A number, 1 or more, that you change when the hash key changes: only then the new one is taken. Changing it runs the dataflow, which hashes everything anew: hashes of earlier runs join no more with it.",
		},
		"run_on_apply": schema.BoolAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "Whether apply runs the dataflow when it is created or changed. Default: `true`. With `false`, `run_pending` says that a run is due.",
			Default:             booldefault.StaticBool(true),
		},
		"refresh_triggers": schema.MapAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "Any values but null; a change of one of them runs the dataflow; while `pinned_run` holds it, the run waits until that is removed. Not with `run_on_apply = false`.",
			Validators:          []validator.Map{mapvalidator.NoNullValues()},
		},
		"max_age": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "A duration such as `24h`, at least `1m`. When `data_as_of` is older than this at the time the state is refreshed, " +
				"the plan runs the dataflow. Default: none. Not with `run_on_apply = false`. Changing it runs the dataflow only where its data is older then.",
			Validators: []validator.String{duration(dataflow.MinMaxAge)},
		},
		"resume_within": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "How old a part of a failed import may be that the next one takes over in place of reading it again: a duration such as `6h`; `0s` for none. " +
				"What was taken over lacks what changed in the pool since it was read: the run's description says what, and `data_as_of` since when. Default: `24h`. Changing it runs nothing.",
			Default:    stringdefault.StaticString(dataflow.DefaultResumeWithin),
			Validators: []validator.String{duration(0)},
		},
		"pinned_run": schema.Int64Attribute{
			Optional: true,
			MarkdownDescription: "The number of a completed import to hold the tables at, rows and columns both. Setting it rolls the tables back (or forward) to that run, " +
				"which writes no data file; while it is set no import runs. Removing it moves them to the newest completed import, or imports when that is due. Default: none. " +
				"A run whose data is not kept is an error that lists the ones that are. Changing it is a rollback or a way forward, and is in the run history.",
			Validators: []validator.Int64{int64validator.AtLeast(1)},
		},
		"max_removed_percent": schema.Int64Attribute{
			Optional: true, Computed: true,
			MarkdownDescription: "0 to 100. A run that would remove more than this share of a table's rows fails and publishes nothing. Default: `50`. Changing it runs nothing.",
			Default:             int64default.StaticInt64(dataflow.DefaultMaxRemovedPercent),
			Validators:          []validator.Int64{int64validator.Between(0, 100)},
		},
		"retain_runs": schema.Int64Attribute{
			Optional: true, Computed: true,
			MarkdownDescription: "How many of the newest imports stay readable, and can be gone back to with `pinned_run`: 1 to 10,000. The current and the pinned one are always kept; rollbacks count for nothing. " +
				"Default: `30`. Changing it runs nothing; the next run lets older ones go, with the data that only they have.",
			Default:    int64default.StaticInt64(dataflow.DefaultRetainRuns),
			Validators: []validator.Int64{int64validator.Between(1, 10_000)},
		},
		"on_destroy": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "What destroying the dataflow does with its tables: `delete` (default) drops them with their files, `retain` leaves them. The state's value counts: apply a change before you destroy.",
			Default:             stringdefault.StaticString(string(dataflow.OnDestroyDelete)),
			Validators:          []validator.String{stringvalidator.OneOf(string(dataflow.OnDestroyDelete), string(dataflow.OnDestroyRetain))},
		},
		"deletion_protection": schema.BoolAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "Whether plans that would destroy or rename the dataflow fail. Default: `false`. It never holds for a dataflow that has published nothing. Changing it runs nothing; the state's value counts: apply a change before you destroy.",
			Default:             booldefault.StaticBool(false),
		},
		"run_reason": schema.StringAttribute{
			Computed: true, MarkdownDescription: "Why the plan that last ran the dataflow did so, in one sentence: a plan that runs it shows the new one. Null before the first run, and after an import into the state.",
		},
		"timeouts": timeoutsAttribute(ctx, timeouts.Opts{
			Create: true, Update: true, Delete: true,
			CreateDescription: "How long creating may take, with its run. A duration such as `2h`; default `24h`.",
			UpdateDescription: "How long an update may take, with its run and with waiting for somebody else's. A duration such as `2h`; default `24h`.",
			DeleteDescription: "How long dropping the tables may take. A duration such as `30m`; default `24h`.",
		}),
	}
}

// withColumnPolicies adds the arguments of a table that say what becomes of its columns.
func withColumnPolicies(attributes map[string]schema.Attribute) map[string]schema.Attribute {
	maps.Copy(attributes, columnPolicyAttributes())
	return attributes
}

// timeoutsAttribute says which timeout is wrong, which the library's own validator does not, and takes none that has passed before it began.
func timeoutsAttribute(ctx context.Context, which timeouts.Opts) schema.Attribute {
	attribute := timeouts.Attributes(ctx, which)
	if nested, ok := attribute.(schema.SingleNestedAttribute); ok {
		for name, inner := range nested.Attributes {
			if text, ok := inner.(schema.StringAttribute); ok {
				text.Validators = []validator.String{duration(time.Second)}
				nested.Attributes[name] = text
			}
		}
		nested.MarkdownDescription = "How long the operations may take. What takes longer fails like an interrupt: nothing half done is published. Changing them runs nothing."
		return nested
	}
	return attribute
}

func dataflowResultAttributes() map[string]schema.Attribute {
	keepString := []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
	keepInt64 := []planmodifier.Int64{int64planmodifier.UseStateForUnknown()}
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description, PlanModifiers: keepString}
	}
	return map[string]schema.Attribute{
		"id":              text("The dataflow's name."),
		"type":            text("The connector's type: `AWS Cognito`."),
		"status":          text("`New`, `Processing`, `Completed` or `Failed`: of the newest import."),
		"created_at":      text("When the dataflow was created (RFC 3339, UTC)."),
		"updated_at":      text("When its record last changed (RFC 3339, UTC)."),
		"last_refresh_at": text("When the last completed import ended (RFC 3339, UTC); null before the first."),
		"data_as_of":      text("When the oldest reading in the last completed import began (RFC 3339, UTC), which `max_age` judges; null before the first. It is earlier than the run where that took over what a failed import had read."),
		"table_count":     schema.Int64Attribute{Computed: true, MarkdownDescription: "How many tables are published.", PlanModifiers: keepInt64},
		"current_run":     schema.Int64Attribute{Computed: true, MarkdownDescription: "The run whose data the tables hold; null before the first. Give it to data sources as `at_run`, so that they wait for the run.", PlanModifiers: keepInt64},
		"run_pending":     schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the tables are not what the definition asks for, or `refresh_triggers` that changed while `pinned_run` held the tables ask for a run.", PlanModifiers: []planmodifier.Bool{boolplanmodifier.UseStateForUnknown()}},
		"last_run": schema.SingleNestedAttribute{
			Computed: true, MarkdownDescription: "The newest entry of the run history.",
			PlanModifiers: []planmodifier.Object{objectplanmodifier.UseStateForUnknown()},
			Attributes: map[string]schema.Attribute{
				"run":         schema.Int64Attribute{Computed: true, MarkdownDescription: "Its number."},
				"kind":        schema.StringAttribute{Computed: true, MarkdownDescription: "`import`, `rollback` or `removal`."},
				"status":      schema.StringAttribute{Computed: true, MarkdownDescription: "`Processing`, `Completed` or `Failed`."},
				"trigger":     schema.StringAttribute{Computed: true, MarkdownDescription: "Why it ran: `create`, `definition`, `refresh_triggers`, `failed`, `max_age`, `pin`, `resource` (a `skypoint_dataflow_run`), `action` or `destroy`."},
				"started_at":  schema.StringAttribute{Computed: true, MarkdownDescription: "When it started (RFC 3339, UTC)."},
				"ended_at":    schema.StringAttribute{Computed: true, MarkdownDescription: "When it ended (RFC 3339, UTC); null while it runs."},
				"description": schema.StringAttribute{Computed: true, MarkdownDescription: "What it did, or the error with its cause and what to do."},
			},
		},
		"table_details": schema.MapNestedAttribute{
			Computed: true, MarkdownDescription: "The published tables, by their key in `tables`. Its keys are known at plan, so `for_each` over it works; so are `database`, `table_name`, `file_name`, `purpose` and, of a table that stays, `uuid`. " +
				"What each run did to them is in `skypoint_dataflow_runs`, their snapshots and metadata in `skypoint_table`.",
			PlanModifiers: []planmodifier.Map{mapplanmodifier.UseStateForUnknown()},
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"file_name":     schema.StringAttribute{Computed: true, MarkdownDescription: "What the source calls the table."},
				"table_name":    schema.StringAttribute{Computed: true, MarkdownDescription: "What it is called in the database."},
				"database":      schema.StringAttribute{Computed: true, MarkdownDescription: "The database it is in."},
				"purpose":       schema.StringAttribute{Computed: true, MarkdownDescription: "What it is imported for."},
				"uuid":          schema.StringAttribute{Computed: true, MarkdownDescription: "The Iceberg table's uuid."},
				"total_records": schema.Int64Attribute{Computed: true, MarkdownDescription: "How many rows it has."},
			}},
		},
	}
}

// ValidateConfig checks what needs more than one argument. Unknown values are left for apply.
func (r *dataflowResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config dataflowModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	config.checkTriggers(&resp.Diagnostics)
	config.checkDatabase(&resp.Diagnostics)
	config.checkTables(ctx, &resp.Diagnostics)
	config.checkColumns(ctx, r.types, &resp.Diagnostics)
}

// quoted puts each word in the marks of Markdown's code.
func quoted(words []string) []string {
	var q []string
	for _, w := range words {
		q = append(q, "`"+w+"`")
	}
	return q
}

// referenceValidator checks the id of an object that somebody else makes.
func referenceValidator() validator.String {
	return stringRule{description: dataflow.ReferenceRule, check: dataflow.CheckReference}
}

func nameValidator() validator.String {
	return stringRule{description: dataflow.NameRule, check: dataflow.CheckName}
}

func databaseValidator() validator.String {
	return stringRule{description: dataflow.IdentifierRule, check: dataflow.CheckDatabase}
}

func tableNameValidator() validator.String {
	return stringRule{description: dataflow.IdentifierRule, check: dataflow.CheckTableName}
}

func tableKeyValidator(types connectorTypes) validator.String {
	return stringRule{description: "the key of a table", check: types.checkTableKey}
}
