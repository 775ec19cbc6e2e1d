{{/* Ratios over one window; takes root and window. A call fails when its error is the server's (error_type). */}}


{{- define "slo.job" -}}
namespace="{{ .Release.Namespace }}",pod=~"{{ include "chart.fullname" . }}-.*"
{{- end -}}

{{- define "slo.errors" -}}
{{- $of := include "slo.job" .root -}}
{{- printf "sum(rate(rpc_server_call_duration_seconds_count{%s,error_type!=\"\"}[%s])) / sum(rate(rpc_server_call_duration_seconds_count{%s}[%s]))" $of .window $of .window -}}
{{- end -}}

{{- define "slo.slow" -}}
{{- $unary := printf "%s,rpc_method=~\"%s\"" (include "slo.job" .root) (include "slo.unary" .root) -}}
{{- printf "1 - sum(rate(rpc_server_call_duration_seconds_bucket{%s,le=\"%v\"}[%s])) / sum(rate(rpc_server_call_duration_seconds_count{%s}[%s]))" $unary .root.Values.slo.latencySeconds .window $unary .window -}}
{{- end -}}

{{/* A stream's length says nothing of the service's speed. */}}
{{- define "slo.unary" -}}
{{- $names := list -}}
{{- range (include "policy.all" . | fromYaml).methods -}}
{{- if eq .streaming "none" -}}{{- $names = append $names (trimPrefix "/" .path | replace "." "\\\\.") -}}{{- end -}}
{{- end -}}
{{- join "|" $names -}}
{{- end -}}

{{- define "slo.labels" -}}
slo_namespace: {{ .Release.Namespace }}
slo_service: {{ include "chart.fullname" . }}
{{- end -}}

{{- define "slo.match" -}}
slo_namespace="{{ .Release.Namespace }}",slo_service="{{ include "chart.fullname" . }}"
{{- end -}}
