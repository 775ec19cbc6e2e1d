{{/* Gathers every error between fields, then fails once. */}}
{{- define "validate.all" -}}
{{- $errors := list -}}
{{- with .Values.store -}}
{{- if and (eq .type "sqlite") (gt (int $.Values.replicas) 1) -}}
{{- $errors = append $errors "replicas: SQLite lives on one pod's volume; set replicas: 1 or store.type: postgres" -}}
{{- end -}}
{{- if and (eq .type "postgres") (not .postgres.existingSecret) -}}
{{- $errors = append $errors "store.postgres.existingSecret: the database URL is read from a Secret; create one with the key `url` and name it here" -}}
{{- end -}}
{{- end -}}
{{- if $errors -}}
{{- fail (printf "\n\nThese values do not fit together:\n  - %s\n" (join "\n  - " $errors)) -}}
{{- end -}}
{{- end -}}
