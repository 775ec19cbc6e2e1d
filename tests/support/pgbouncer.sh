# A pooler before a PostgreSQL server; ends with whoever speaks to this script.
program=$1 base=$2 server=$3 port=$4
dir=$(mktemp -d "$base/pgbouncer.XXXXXX") || exit
as=
if [ "$(id -u)" = 0 ]; then
    chown postgres "$dir"
    as="setpriv --reuid=postgres --regid=postgres --clear-groups"
fi
cat >"$dir/pgbouncer.ini" <<END
[databases]
* = host=127.0.0.1 port=$server user=test
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
max_client_conn = 400
END
chmod 644 "$dir/pgbouncer.ini"
$as "$program" "$dir/pgbouncer.ini" >"$dir/log" 2>&1 &
trap 'kill -INT $! && wait $!; rm -rf "$dir"' EXIT
trap '' INT TERM HUP
read -r _
