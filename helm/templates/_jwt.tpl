{{/* "true" where the service itself checks tokens, because no proxy does or it is told to. */}}
{{- define "jwt.byService" -}}
{{- if and .Values.jwt.enabled (or (eq (default "mesh" .Values.jwt.by) "service") (not (include "mesh.istio" .))) -}}true{{- end -}}
{{- end -}}

{{/* "true" where Istio does. */}}
{{- define "jwt.byMesh" -}}
{{- if and .Values.jwt.enabled (not (include "jwt.byService" .)) -}}true{{- end -}}
{{- end -}}

{{/* The ConfigMap with the keys. */}}
{{- define "jwt.keys" -}}
{{- default (printf "%s-jwks" (include "chart.fullname" .)) .Values.jwt.jwksConfigMap -}}
{{- end -}}

{{/* As flags, because a server that does not know them then ends, where it would ignore variables and let everyone in. */}}
{{- define "jwt.args" -}}
{{- with .Values.jwt -}}
- {{ printf "--jwt-issuer=%s" .issuer | quote }}
- --jwt-jwks-file=/jwt/jwks.json
{{- range .audiences }}
- {{ printf "--jwt-audience=%s" . | quote }}
{{- end }}
{{- with .claims }}
- {{ printf "--jwt-claims=%s" (toJson .) | quote }}
{{- end }}
{{- range $flag, $value := dict "leeway" .leeway "reload-interval" .reloadInterval "keys-grace" .keysGrace }}
{{- with $value }}
- {{ printf "--jwt-%s=%s" $flag . | quote }}
{{- end }}
{{- end }}
{{- end -}}
{{- end -}}

{{/* What needs a token: the service's own methods, not health and reflection. */}}
{{- define "jwt.operations" -}}
- operation:
    # Without a port the rule would refuse every other one too.
    ports: {{ include "mesh.grpcPorts" . }}
    paths:
      {{- range (include "policy.all" . | fromYaml).services }}
      - /{{ .name }}/*
      {{- end }}
{{- end -}}

{{/* [{path: [realm_access, roles], values}] of claims and of those inside of them. */}}
{{- define "jwt.paths" -}}
{{- $all := list -}}
{{- range $name, $value := . -}}
{{- if kindIs "map" $value -}}
{{- range include "jwt.paths" $value | fromYamlArray -}}
{{- $all = append $all (dict "path" (prepend .path $name) "values" .values) -}}
{{- end -}}
{{- else -}}
{{- $all = append $all (dict "path" (list $name) "values" $value) -}}
{{- end -}}
{{- end -}}
{{- toYaml $all -}}
{{- end -}}
