{{/* What of the contract the plugin is told: {services: {name: {rpc: {timeoutMs, requestIdField}}}}. */}}
{{- define "filter.table" -}}
{{- $services := dict -}}
{{- range $m := (include "policy.all" . | fromYaml).methods -}}
{{- $rpc := dict -}}
{{- with $m.timeoutMs }}{{- $_ := set $rpc "timeoutMs" (int64 .) -}}{{- end -}}
{{- with $m.requestIdField }}{{- $_ := set $rpc "requestIdField" (int64 .) -}}{{- end -}}
{{- $rpcs := default dict (get $services $m.service) -}}
{{- $_ := set $services $m.service (merge (dict $m.name $rpc) $rpcs) -}}
{{- end -}}
{{- dict "deadlines" .Values.mesh.istio.contractFilter.deadlines "services" $services | toYaml -}}
{{- end -}}

{{- define "validate.filter" -}}
{{- with .Values.mesh.istio.contractFilter -}}
{{- if .enabled }}
{{- if ne $.Values.mesh.provider "istio" }}
- "mesh.istio.contractFilter: it runs in callers' sidecars of Istio, which {{ $.Values.mesh.provider }} has none of; set mesh.provider: istio or disable it"
{{- end }}
{{- if not .url }}
- "mesh.istio.contractFilter.url: proxies fetch the plugin from there; build plugin/ of the template, publish it and name it"
{{- end }}
{{- if not .callers }}
- "mesh.istio.contractFilter.callers: the plugin runs where the calls come from; name at least one namespace"
{{- end }}
{{- end }}
{{- end -}}
{{- end -}}
