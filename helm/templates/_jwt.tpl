{{/* What needs a token: the service's own methods, not health and reflection. */}}
{{- define "jwt.operations" -}}
- operation:
    # Without a port the rule would refuse every other one too.
    ports: [{{ .Values.ports.grpc | quote }}]
    paths:
      {{- range (include "policy.all" . | fromYaml).services }}
      - /{{ .name }}/*
      {{- end }}
{{- end -}}
