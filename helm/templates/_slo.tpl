{{/* Ratios over one window; takes root and window. A call fails when its error is the server's (error_type). */}}

{{/*
Series of this release's pods and no others', by the pods' labels: the monitor
copies them, as does the usual scrape configuration for annotated pods. Flagger's
copies of the pods have a name of their own.
*/}}
{{- define "slo.job" -}}
namespace="{{ .Release.Namespace }}",app_kubernetes_io_instance="{{ .Release.Name }}",app_kubernetes_io_name=
{{- if include "mesh.flagger" . -}}
~"{{ include "chart.name" . }}(-primary)?"
{{- else -}}
"{{ include "chart.name" . }}"
{{- end -}}
{{- end -}}

{{/* Of the version that Flagger tries, for its templates. */}}
{{- define "slo.tried" -}}
namespace="{{ .Release.Namespace }}",app_kubernetes_io_instance="{{ .Release.Name }}",app_kubernetes_io_name="{{ include "chart.name" . }}"
{{- end -}}

{{/* Methods of the service itself; health and reflection are always well. */}}
{{- define "slo.methods" -}}
{{- $names := list -}}
{{- range (include "policy.all" . | fromYaml).services -}}
{{- $names = append $names (printf "%s/.*" (.name | replace "." "\\\\.")) -}}
{{- end -}}
{{- join "|" $names -}}
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

{{/* Takes root and severity: page or ticket. */}}
{{- define "slo.alertLabels" -}}
{{- $severity := ternary .root.Values.slo.pageSeverity .root.Values.slo.ticketSeverity (eq .severity "page") -}}
{{- toYaml (merge (dict "severity" $severity) (include "slo.labels" .root | fromYaml) .root.Values.slo.alertLabels) -}}
{{- end -}}

{{/* "true" where Prometheus is told of the pods. */}}
{{- define "metrics.scraped" -}}
{{- with .Values.metrics -}}
{{- if or .podMonitor.enabled .serviceMonitor.enabled .annotations -}}true{{- end -}}
{{- end -}}
{{- end -}}
