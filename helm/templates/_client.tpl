{{/* gRPC's service config (gRFC A6); takes root and timeouts. */}}
{{- define "client.config" -}}
{{- $all := include "policy.all" .root | fromYaml -}}
{{- $entries := list -}}
{{- range $m := $all.methods -}}
{{- $entry := dict "name" (list (dict "service" $m.service "method" $m.name)) -}}
{{- with $m.retry -}}
{{- $_ := set $entry "retryPolicy" (dict
  "maxAttempts" (int .maxAttempts)
  "initialBackoff" (include "duration.json" .initialBackoffMs)
  "maxBackoff" (include "duration.json" .maxBackoffMs)
  "backoffMultiplier" .backoffMultiplier
  "retryableStatusCodes" .codes) -}}
{{- end -}}
{{- if and $.timeouts $.root.Values.timeouts.enabled $m.timeoutMs (eq $m.streaming "none") -}}
{{- $_ := set $entry "timeout" (include "duration.json" $m.timeoutMs) -}}
{{- end -}}
{{- if gt (len $entry) 1 -}}{{- $entries = append $entries $entry -}}{{- end -}}
{{- end -}}
{{- $config := dict "methodConfig" $entries -}}
{{- with (first $all.services).retryThrottling -}}
{{- $_ := set $config "retryThrottling" . -}}
{{- end -}}
{{- $config | toPrettyJson -}}
{{- end -}}
