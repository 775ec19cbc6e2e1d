{{/* Durations: one whole number and one unit, the grammar that the service, Istio and Linkerd all read. */}}

{{/* Milliseconds of "250ms", "5s", "2m" or "1h". */}}
{{- define "duration.ms" -}}
{{- $n := regexFind "^[0-9]+" . | int64 -}}
{{- $unit := regexFind "[a-z]+$" . -}}
{{- mul $n (get (dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000) $unit) -}}
{{- end -}}

{{/* The shortest text of some milliseconds. */}}
{{- define "duration.text" -}}
{{- $ms := int64 . -}}
{{- if and (gt $ms 0) (eq (mod $ms 1000) 0) -}}{{ div $ms 1000 }}s{{- else -}}{{ $ms }}ms{{- end -}}
{{- end -}}

{{/* gRPC's JSON form; grpc-js misreads fewer than nine decimals. */}}
{{- define "duration.json" -}}
{{- $ms := int64 . -}}
{{- printf "%d.%03d000000s" (div $ms 1000) (mod $ms 1000) -}}
{{- end -}}
