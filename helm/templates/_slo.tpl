#{% capture source %}§{% raw %}
# Objectives and their alerts.
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
slo_namespace: {{ .Release.Namespace | quote }}
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

{{/* The group of a service that keeps something. */}}
{{- define "slo.store" -}}
{{- /*:[store]*/}}
{{- if ne .Values.store.type "none" }}
- name: {{ include "chart.fullname" . }}-store
  rules:
    # Changes are refused at the limit; before that somebody can make room.
    - alert: StoreNearlyFull
      expr: {{ printf "max(store_usage_bytes{%s} / store_limit_bytes{%s}) > 0.8" (include "slo.job" .) (include "slo.job" .) | squote }}
      for: 15m
      labels:
        {{- include "slo.alertLabels" (dict "root" . "severity" "ticket") | trim | nindent 8 }}
      annotations:
        summary: {{ printf "%s has stored four fifths of what it may (store.quota, or its volume)" (include "chart.fullname" .) }}
        {{- with .Values.slo.runbookUrl }}
        runbook_url: {{ . | quote }}
        {{- end }}
{{- /*:[sample]*/}}
    {{- if .Values.inventory.endpoint }}
    # What was cancelled stays reserved as long as the inventory is not told.
    - alert: SettlementsOwed
      expr: {{ printf "max(store_settlements_delay_seconds{%s}) > 300" (include "slo.job" .) | squote }}
      for: 1m
      labels:
        {{- include "slo.alertLabels" (dict "root" . "severity" "ticket") | trim | nindent 8 }}
      annotations:
        summary: {{ printf "%s has owed the inventory a settlement for over five minutes" (include "chart.fullname" .) }}
        {{- with .Values.slo.runbookUrl }}
        runbook_url: {{ . | quote }}
        {{- end }}
    {{- end }}
{{- /*:[/sample]*/}}
{{- end }}
{{- /*:[/store]*/}}
{{- end -}}
{{/*{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}{% comment %}*/}}{% endcomment %}
