package ledgertest

import (
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// record is a version of a dataflow's record. Its texts and numbers are such as a careless codec changes.
func record(name string, version int64) dataflow.Record {
	return dataflow.Record{
		Version: version, UID: "uid of " + name, Phase: dataflow.PhaseCreated, Type: "AWS Cognito", CreatedAt: noon, UpdatedAt: noon,
		Definition: dataflow.Definition{
			Name: name, Connector: "App", Database: "customers", Description: new("a <b> & ünïcode \u2028 \"quoted\""),
			Tables: map[string]dataflow.TableDefinition{"users": {Purpose: dataflow.PurposeAll, Data: true, Metadata: true, TableName: "users"}},
		},
	}
}

func started(name string, run int64, owner string) dataflow.Started {
	return dataflow.Started{
		Dataflow: name, UID: "uid of " + name, Run: run, Kind: dataflow.KindImport, Trigger: dataflow.TriggerCreate, StartedAt: noon,
		Owner: dataflow.Process{ID: owner}, Definition: record(name, 1).Definition,
	}
}

func decision(name string, run int64, by string) dataflow.Decision {
	return dataflow.Decision{
		Dataflow: name, Run: run, Outcome: dataflow.OutcomePublish, By: by, DecidedAt: noon,
		Tables: []dataflow.TableChange{{
			Key: "users", TableID: dataflow.TableID{Database: "customers", Name: "users"}, Change: dataflow.ChangePublish,
			After: new(int64(9007199254740993)), Ticket: new(int64(9007199254740993)), SchemaID: new(0),
		}},
	}
}

func finished(name string, run int64, by string) dataflow.Run {
	r := started(name, run, by).View()
	r.Status, r.EndedAt, r.Description = dataflow.StatusCompleted, new(noon.Add(time.Minute)), by
	return r
}

func beat(owner string, n int64) dataflow.Heartbeat {
	return dataflow.Heartbeat{Owner: owner, Beat: n, At: noon}
}
