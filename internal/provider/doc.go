// Package provider is the Terraform surface: one object a file, each a thin adapter between HCL and the engine.
//
// A model is what Terraform holds, a dataflow.Definition what the engine runs; the two meet in the *_model.go files.
// What a plan decides is in the *_plan.go files. services.go is the one place where concrete parts are put together.
package provider
