{{/* What of the admin port is for others: what a kubelet asks. */}}
{{- define "admin.probes" -}}
[/livez, /readyz, /startupz]
{{- end -}}

{{/* What a Prometheus asks. */}}
{{- define "admin.scrapes" -}}
[/metrics]
{{- end -}}

{{/* Takes root. */}}
{{- define "admin.args" -}}
- --admin-token-file=/admin/token
{{- end -}}
