# Sourced by the install scripts. Everything that is not the project's own goes into one folder that outlives a clone,
# so that the second run of anything finds it there.
tools_dir=${SKYPOINT_TOOLS_DIR:-$HOME/.cache/terraform-provider-skypoint}
mkdir -p "$tools_dir"
tools_dir=$(cd "$tools_dir" && pwd)

# once DIR COMMAND…: runs COMMAND unless it has completed for DIR before. Of several at once, one runs it and the others wait.
once() {
  local dir=$1; shift
  [ -e "$dir/.complete" ] && return
  mkdir -p "$(dirname "$dir")"
  (
    exec 9>"$dir.lock"
    if command -v flock >/dev/null; then flock 9; fi # not on macOS: there, don't start two at once
    [ -e "$dir/.complete" ] && exit 0
    rm -rf "$dir"; mkdir -p "$dir"
    "$@" "$dir" >&2
    touch "$dir/.complete"
  )
}
