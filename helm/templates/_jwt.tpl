{{/* What needs a token: the service's own methods, not health and reflection. */}}
{{- define "jwt.operations" -}}
- operation:
    paths:
      {{- range (include "policy.all" . | fromYaml).services }}
      - /{{ .name }}/*
      {{- end }}
{{- end -}}
