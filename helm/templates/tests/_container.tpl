{{/* One call of the server's own client; takes root and args. */}}
{{- define "test.container" -}}
image: {{ include "chart.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
args:
  {{- toYaml .args | nindent 2 }}
  - --endpoint
  - http://{{ include "chart.fullname" .root }}.{{ .root.Release.Namespace }}.svc:{{ .root.Values.ports.grpc }}
securityContext:
  {{- toYaml .root.Values.securityContext | nindent 2 }}
resources:
  {{- toYaml .root.Values.resources | nindent 2 }}
{{- end -}}
