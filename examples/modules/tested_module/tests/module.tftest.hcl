# Terraform makes up what a mock does not say: say what the module works with.
mock_provider "skypoint" {
  mock_resource "skypoint_dataflow" {
    defaults = {
      id          = "EUCustomers2024"
      status      = "Completed"
      current_run = 1
    }
  }

  mock_data "skypoint_table" {
    defaults = {
      total_records = 1200
    }
  }
}

run "makes_a_name_of_any_text" {
  command = plan

  assert {
    condition     = skypoint_dataflow.this.name == "EUCustomers2024"
    error_message = "The name is ${skypoint_dataflow.this.name}."
  }
}

run "gives_the_count" {
  assert {
    condition     = output.users == 1200
    error_message = "The count is not the table's."
  }
}

run "refuses_too_few" {
  command = plan

  variables {
    least_users = 5000
  }

  expect_failures = [output.users]
}
