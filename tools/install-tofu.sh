#!/usr/bin/env bash
# install-tofu.sh [VERSION]   prints the path of an OpenTofu CLI of that version, built first from the Go module proxy where it is
# not there yet (some minutes).
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/dir.sh"

version=${1:-1.12.6}

install() {
  local dir=$1 src
  src=$(mktemp -d)
  # `go install …@version` refuses a module that has replace directives. A module of our own around it may repeat the one it has.
  cat > "$src/go.mod" <<MOD
module tofu
go 1.26.0
require github.com/opentofu/opentofu v$version
replace github.com/hashicorp/hcl/v2 v2.20.1 => github.com/opentofu/hcl/v2 v2.20.2-0.20251021132045-587d123c2828
MOD
  cat > "$src/tofu.go" <<'GO'
//go:build tofu

package tofu

import _ "github.com/opentofu/opentofu/cmd/tofu"
GO
  (cd "$src" && GOFLAGS=-mod=mod CGO_ENABLED=0 go build -trimpath \
    -ldflags "-s -w -X github.com/opentofu/opentofu/version.dev=no" -o "$dir/tofu" github.com/opentofu/opentofu/cmd/tofu)
  rm -rf "$src"
  env -u TF_CLI_CONFIG_FILE CHECKPOINT_DISABLE=1 "$dir/tofu" version | sed -n 1p | grep -qx "OpenTofu v$version"
}

once "$tools_dir/tofu-$version" install
echo "$tools_dir/tofu-$version/tofu"
