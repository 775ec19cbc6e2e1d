{{/* What auto means: strict on a mesh or with certificates, disabled without either. */}}
{{- define "mtls.mode" -}}
{{- if ne .Values.mtls.mode "auto" -}}
{{ .Values.mtls.mode }}
{{- else if or (include "mesh.on" .) (include "mtls.secret" .) -}}
strict
{{- else -}}
disabled
{{- end -}}
{{- end -}}

{{/* "true" where the service itself speaks TLS, from files. */}}
{{- define "mtls.files" -}}
{{- if and (not (include "mesh.on" .)) (include "mtls.secret" .) (ne .Values.mtls.mode "disabled") -}}true{{- end -}}
{{- end -}}

{{- define "mtls.secret" -}}
{{- with .Values.mtls.tls -}}
{{- if .secretName -}}
{{ .secretName }}
{{- else if .certManager.enabled -}}
{{ include "chart.fullname" $ }}-tls
{{- end -}}
{{- end -}}
{{- end -}}

{{/* As flags, because a server that does not know them then ends, where it would ignore variables and speak plain text. Takes root. */}}
{{- define "mtls.args" -}}
- --tls-cert=/tls/tls.crt
- --tls-key=/tls/tls.key
- --tls-client-ca=/tls/ca.crt
- --tls-mode={{ include "mtls.mode" .root }}
{{- with .root.Values.mtls.tls.minVersion }}
- --tls-min-version={{ . }}
{{- end }}
{{- with .root.Values.mtls.tls.reloadInterval }}
- --tls-reload-interval={{ . }}
{{- end }}
{{- end -}}

{{/* Linkerd's word for it. */}}
{{- define "mtls.linkerdPolicy" -}}
{{- ternary "all-authenticated" "all-unauthenticated" (eq (include "mtls.mode" .) "strict") -}}
{{- end -}}

{{/* "true" where somebody tells the service who calls: a sidecar, or its callers' certificates. */}}
{{- define "callers.areKnown" -}}
{{- if or (include "mtls.files" .) (and (include "mesh.on" .) (not (include "mesh.ambient" .)) (ne (include "mtls.mode" .) "disabled")) -}}true{{- end -}}
{{- end -}}
