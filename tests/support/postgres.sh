# A PostgreSQL server that ends with whoever speaks to this script.
bin=$1 base=$2 port=$3 fsync=$4
dir=$(mktemp -d "$base/postgres.XXXXXX") || exit
as=
if [ "$(id -u)" = 0 ]; then
    chown postgres "$dir"
    as="setpriv --reuid=postgres --regid=postgres --clear-groups"
fi
cd "$dir"
end() { if [ -n "$pid" ]; then { kill -"$1" "$pid"; wait "$pid"; } 2>/dev/null; pid=; fi; }
begin() {
    $as "$bin/postgres" -D "$dir/data" -k "$dir" -p "$port" -c listen_addresses=127.0.0.1 \
        -c fsync="$fsync" -c recovery_init_sync_method=syncfs -c max_connections=400 \
        >>"$dir/log" 2>&1 & pid=$!
}
start() {
    begin
    for _ in $(seq 600); do
        "$bin/pg_isready" -q -h 127.0.0.1 -p "$port" && return
        kill -0 "$pid" 2>/dev/null || begin
        sleep 0.05
    done
    tail -3 "$dir/log" >&2
    exit 1
}
trap 'end INT; rm -rf "$dir"' EXIT
trap '' INT TERM HUP
$as "$bin/initdb" -D "$dir/data" -U test -A trust -E UTF8 --locale=C --no-sync >"$dir/log" 2>&1 ||
    { tail -3 "$dir/log" >&2; exit 1; }
while read -r word certificate key; do
    case $word in
    start) start ;;
    tls)
        cp "$certificate" "$dir/data/server.crt"
        cp "$key" "$dir/data/server.key"
        chown --reference "$dir/data" "$dir/data/server.crt" "$dir/data/server.key"
        chmod 600 "$dir/data/server.key"
        echo "ssl = on" >>"$dir/data/postgresql.conf"
        echo "hostssl all all 127.0.0.1/32 trust" >"$dir/data/pg_hba.conf"
        ;;
    stop) end INT ;;
    kill) end KILL ;;
    esac
    echo "$word"
done
