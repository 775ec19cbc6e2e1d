{{/* One call of the server's own client; takes root and args. */}}
{{- define "test.container" -}}
image: {{ include "chart.image" (dict "root" .root "tag" "") }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
args:
  {{- toYaml .args | nindent 2 }}
  - --endpoint
  - {{ ternary "https" "http" (eq "true" (include "mtls.files" .root)) }}://{{ include "chart.fullname" .root }}.{{ .root.Release.Namespace }}.svc:{{ .root.Values.ports.grpc }}
{{- if include "mtls.files" .root }}
env:
  - {name: TLS_CERT, value: /tls/tls.crt}
  - {name: TLS_KEY, value: /tls/tls.key}
  - {name: TLS_CLIENT_CA, value: /tls/ca.crt}
volumeMounts:
  - name: tls
    mountPath: /tls
    readOnly: true
{{- end }}
securityContext:
  {{- toYaml .root.Values.securityContext | nindent 2 }}
resources:
  {{- toYaml .root.Values.resources | nindent 2 }}
{{- end -}}

{{- define "test.volumes" -}}
{{- if include "mtls.files" . }}
- name: tls
  secret:
    secretName: {{ include "mtls.secret" . }}
    defaultMode: 0440
{{- end }}
{{- end -}}
