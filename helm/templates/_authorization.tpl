{{/* Service accounts of some roles, each once; takes root and roles. */}}
{{- define "authorization.accounts" -}}
{{- $accounts := list -}}
{{- range .roles -}}
{{- range get $.root.Values.authorization.roles . -}}
{{- $accounts = append $accounts (dict "serviceAccount" .serviceAccount "namespace" (default $.root.Release.Namespace .namespace)) -}}
{{- end -}}
{{- end -}}
{{- $accounts | uniq | toYaml -}}
{{- end -}}
