{{/* Pieces of Istio's routes and policies. */}}

{{/* One principal as Istio writes it; takes root and account ({serviceAccount, namespace}). */}}
{{- define "istio.principal" -}}
{{ .root.Values.mesh.trustDomain }}/ns/{{ default .root.Release.Namespace .account.namespace }}/sa/{{ .account.serviceAccount }}
{{- end -}}

{{/*
Codes as Envoy names them, without spaces; takes a retry. Where UNAVAILABLE may
be repeated, so may what a client would see as UNAVAILABLE: a refused or broken
connection. An attempt that took too long is ended by whoever is first: the
caller's proxy by a reset, the service or its proxy, which know the limit from
grpc-timeout, by DEADLINE_EXCEEDED.
*/}}
{{- define "istio.retryOn" -}}
{{- $codes := list -}}
{{- if has "UNAVAILABLE" .codes -}}
{{- $codes = list "connect-failure" "refused-stream" "reset" -}}
{{- end -}}
{{- if .perAttemptTimeoutMs -}}
{{- $codes = append $codes "deadline-exceeded" -}}
{{- end -}}
{{- range .codes -}}
{{- $codes = append $codes (lower . | replace "_" "-") -}}
{{- end -}}
{{- join "," (uniq $codes) -}}
{{- end -}}

{{/*
Time limit and retries of one class. Without a timeout Istio sets none, which
streams need. It retries twice where nothing is said, so something always is.
*/}}
{{- define "istio.policy" -}}
{{- if .timeoutMs }}
timeout: {{ include "duration.text" .timeoutMs }}
{{- end }}
retries:
  {{- with .retry }}
  attempts: {{ sub (int .maxAttempts) 1 }}
  {{- with .perAttemptTimeoutMs }}
  perTryTimeout: {{ include "duration.text" . }}
  {{- end }}
  {{- if and .initialBackoffMs $.backoff }}
  backoff: {{ include "duration.text" .initialBackoffMs }}
  {{- end }}
  retryOn: {{ include "istio.retryOn" . }}
  {{- else }}
  attempts: 0
  {{- end }}
{{- end -}}

{{/* Where calls go; takes root and to: weighted, canary. */}}
{{- define "istio.route" -}}
{{- $host := include "mesh.host" .root -}}
{{- $port := include "service.port" .root -}}
{{- $canary := .root.Values.canary -}}
{{- if not (include "mesh.canary" .root) -}}
- destination:
    host: {{ $host | quote }}
    port: {number: {{ $port }}}
{{- else if eq .to "canary" -}}
- destination:
    host: {{ $host | quote }}
    port: {number: {{ $port }}}
    subset: v2
{{- else -}}
- destination:
    host: {{ $host | quote }}
    port: {number: {{ $port }}}
    subset: v1
  weight: {{ sub 100 (int $canary.weight) }}
- destination:
    host: {{ $host | quote }}
    port: {number: {{ $port }}}
    subset: v2
  weight: {{ $canary.weight }}
{{- end -}}
{{- end -}}

{{/* The routes of one class; takes root and class. With a canary header, once for it and once for all others. */}}
{{- define "istio.http" -}}
{{- $header := .root.Values.canary.header -}}
{{- $to := list "weighted" -}}
{{- if and (include "mesh.canary" .root) $header.name -}}
{{- $to = list "canary" "weighted" -}}
{{- end -}}
{{- range $to }}
- name: {{ $.class.key }}{{ if eq . "canary" }}-canary{{ end }}
  {{- $by := ternary (dict "headers" (dict (default "none" $header.name) (dict "exact" $header.value))) dict (eq . "canary") }}
  {{- if $.class.methods }}
  match:
    {{- range $.class.methods }}
    {{- toYaml (list (merge (dict "uri" (dict "exact" .path)) $by)) | nindent 4 }}
    {{- end }}
  {{- else if $by }}
  match:
    {{- toYaml (list $by) | nindent 4 }}
  {{- end }}
  {{- if $.class.fault }}
  {{- with include "fault.istio" $.root | trim }}
  fault:
    {{- . | nindent 4 }}
  {{- end }}
  {{- end }}
  route:
    {{- include "istio.route" (dict "root" $.root "to" .) | trim | nindent 4 }}
  {{- include "istio.policy" (merge (dict "backoff" $.root.Values.mesh.istio.retryBackoff) $.class) | trim | nindent 2 }}
{{- end }}
{{- end -}}
