#!/usr/bin/env bash
# install-parts.sh PART…   installs what interop tests and benchmarks run against and that nobody here wrote, and prints a path a part:
#   moto        the folder of a Python environment with moto_server (a Cognito) and boto3
#   awscli      the folder of a Python environment with aws, the command line of AWS
#   pyiceberg   the folder of a Python environment with pyiceberg (a reader of Iceberg tables) and boto3
#   duckdb      the folder of a Python environment with DuckDB and its Iceberg extension (another reader)
#   rest        a folder with Iceberg's own REST catalog server in its jars/ (needs Java 17 and Maven)
#   stores      a folder with what Spark and the REST catalog server need for S3, Glue and PostgreSQL in its jars/ (needs Maven)
#   browser     a folder with playwright-core, which drives a Chromium, and axe-core in its node_modules (needs Node 18 and npm)
#   spark       the folder of a Python environment with Spark, and Iceberg for it in its jars/ (a third one; needs Java 17 and Maven)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/dir.sh"

venv() { # PACKAGE… DIR
  local dir=${*: -1}
  python3 -m venv "$dir"
  "$dir/bin/python" -m pip install --quiet --disable-pip-version-check "${@:1:$#-1}"
}

spark() { # DIR
  venv pyspark==3.5.9 "$1"
  local jar
  for jar in org.apache.iceberg:iceberg-spark-runtime-3.5_2.12:1.10.0 org.xerial:sqlite-jdbc:3.50.3.0; do
    mvn -q -B dependency:copy -Dartifact="$jar" -DoutputDirectory="$1/jars"
  done
}

rest() { # DIR
  mvn -q -B -f "$here/rest-catalog/pom.xml" dependency:copy-dependencies -DoutputDirectory="$1/jars"
}

stores() { # DIR
  local jar
  for jar in org.apache.iceberg:iceberg-aws-bundle:1.10.0 org.postgresql:postgresql:42.7.7; do
    mvn -q -B dependency:copy -Dartifact="$jar" -DoutputDirectory="$1/jars"
  done
}

browser() { # DIR
  npm install --silent --no-fund --no-audit --prefix "$1" playwright-core@1.65.1 axe-core@4.14.1
}

for part in "$@"; do
  case $part in
    moto) dir=$tools_dir/moto-5.2.5; once "$dir" venv 'moto[server,cognitoidp]==5.2.5' ;;
    awscli) dir=$tools_dir/awscli-1.46.3; once "$dir" venv awscli==1.46.3 ;;
    pyiceberg) dir=$tools_dir/pyiceberg-0.11.1-postgres; once "$dir" venv 'pyiceberg[sql-sqlite,pyarrow]==0.11.1' boto3 psycopg2-binary==2.9.13 ;;
    duckdb) dir=$tools_dir/duckdb-1.5.5; once "$dir" venv duckdb==1.5.5 duckdb-extension-{iceberg,avro,httpfs}==1.5.5 ;;
    rest) dir=$tools_dir/rest-catalog-1.10.0-s3; once "$dir" rest ;;
    stores) dir=$tools_dir/stores-1.10.0; once "$dir" stores ;;
    browser) dir=$tools_dir/browser-1.65.1; once "$dir" browser ;;
    spark) dir=$tools_dir/spark-3.5.9; once "$dir" spark ;;
    *) echo "install-parts.sh: no such part: $part" >&2; exit 2 ;;
  esac
  echo "$dir"
done
