{{/* Settings of the server that are no secrets: the ConfigMap's data. */}}
{{- define "env.settings" -}}
LISTEN_ADDR: {{ printf "0.0.0.0:%v" .Values.ports.grpc | quote }}
ADMIN_LISTEN_ADDR: {{ printf "0.0.0.0:%v" .Values.ports.admin | quote }}
MESH_PROVIDER: {{ .Values.mesh.provider | quote }}
LOG_FORMAT: json
{{- if eq .Values.store.type "sqlite" }}
STORE: {{ printf "sqlite:%s/store.db" .Values.store.sqlite.path | quote }}
{{- end }}
{{- end -}}

{{/* The database URL is a secret and never in the ConfigMap. */}}
{{- define "env.postgres" -}}
- name: STORE
  valueFrom:
    secretKeyRef:
      name: {{ .Values.store.postgres.existingSecret }}
      key: {{ .Values.store.postgres.key }}
{{- end -}}
